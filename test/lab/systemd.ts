import { execa } from 'execa'
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debian, type Unpacked } from './debian.ts'

/** Null where the real systemd cannot be had. */
export const systemd = await debian(['systemd'])

/** What systemd says of a unit, written into a folder below `folder`; nothing where it takes it. */
export const verifyUnit = async (folder: string, name: string, unit: string): Promise<{ code: number | undefined; said: string }> => {
  const units = await mkdtemp(join(folder, 'units-'))
  await writeFile(join(units, name), unit)
  const { root, env } = systemd as Unpacked
  // Its own library stands in a folder of its own, which is on nobody's path where systemd is not installed.
  const libraries = [env['LD_LIBRARY_PATH'], ...(await readdir(join(root, 'usr/lib'))).map((each) => join(root, 'usr/lib', each, 'systemd'))].join(':')
  const { exitCode, all } = await execa(join(root, 'usr/bin/systemd-analyze'), ['verify', join(units, name)], {
    env: { LD_LIBRARY_PATH: libraries, SYSTEMD_UNIT_PATH: `${join(root, 'lib/systemd/system')}:${join(root, 'usr/lib/systemd/system')}` },
    reject: false,
    all: true,
  })
  return { code: exitCode, said: all }
}

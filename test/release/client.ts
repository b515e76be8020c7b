import { execa } from 'execa'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debian } from '../lab/debian.ts'

/** Sees to it that `ssh` and `ssh-keygen` are on the PATH of this process: the system's, else Debian's. False: neither can be had. */
export const findClient = async (): Promise<boolean> => {
  if ((await execa('ssh', ['-V'], { reject: false })).exitCode === 0) return true
  const unpacked = await debian(['openssh-client'])
  if (unpacked === null) return false
  const folder = join(unpacked.root, 'on-path')
  await mkdir(folder, { recursive: true })
  for (const name of ['ssh', 'ssh-keygen'])
    await writeFile(join(folder, name), `#!/bin/sh\nLD_LIBRARY_PATH=${unpacked.env['LD_LIBRARY_PATH']} exec ${unpacked.root}/usr/bin/${name} "$@"\n`, { mode: 0o755 })
  process.env['PATH'] = `${folder}:${process.env['PATH']}`
  return true
}

import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { debian } from '../lab/debian.ts'

const root = join(import.meta.dirname, '../..')
const knot = await debian(['knot'])
const dig = await debian(['bind9-dnsutils'])

/** The page's commands, in their order, each block headed by what it prints of itself. */
const scriptOf = (page: string): string => {
  const part = page.slice(page.indexOf('<!-- knot -->'), page.indexOf('<!-- /knot -->'))
  const blocks = [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1])
  const cleanUp = /\*\*7\. Clean up:\*\* `(.*?)`/.exec(part)?.[1]
  return [...blocks.map((block, i) => `echo "== ${i + 1}"\n${block}`), cleanUp].join('\n')
}

describe.skipIf(!knot || !dig)('the README: a first rescue with a Knot of one\'s own', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-readme-'))
    await mkdir(join(folder, 'bin'))
    await symlink(join(root, 'src/lifeboat.js'), join(folder, 'bin/lifeboat'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('its commands, pasted as they stand, do what it says', { timeout: 180_000 }, async () => {
    // Only the addresses are others, so that nothing else that runs here is met.
    const script = scriptOf(await readFile(join(root, 'README.md'), 'utf8')).replaceAll('127.0.0.', `127.77.${process.pid % 250}.`)
    await writeFile(join(folder, 'page.sh'), script)
    const { code, text } = await bash(folder)
    const block = (n: number) => text.slice(text.indexOf(`== ${n}\n`), text.includes(`== ${n + 1}\n`) ? text.indexOf(`== ${n + 1}\n`) : undefined)
    expect(code, text).toBe(0)
    expect(block(3)).toMatch(/Who votes on whom/)
    expect(block(4)).toMatch(/adoption: .* is confirmed at 1 of 1 name servers/)
    expect(block(4)).toMatch(/^web1 +active +up /m)
    expect(block(4)).toMatch(/^web2 +standby +up /m)
    expect(block(4)).toMatch(/^switchover web1 → web2, epoch 2/m)
    expect(block(5)).toMatch(/^web1 +fenced +down /m)
    expect(block(5)).toMatch(/^web2 +active +up /m)
    expect(block(5)).toMatch(/failover web1 → web2 .* by itself/)
    expect(block(5)).toMatch(/^[\d.]+\.42$/m)
    expect(block(6)).toMatch(/failback web2 → web1 is confirmed/)
    expect(block(6)).toMatch(/\.41\n10 mail\.elsewhere\.example\.\n"v=spf1 -all"\n0 issue "ca\.example"\n/)
    expect(block(6)).toMatch(/all came out the same/)
  })

  const bash = (cwd: string): Promise<{ code: number | null; text: string }> =>
    new Promise((done, failed) => {
      const path = [join(folder, 'bin'), join(knot!.root, 'usr/sbin'), join(dig!.root, 'usr/bin'), process.env.PATH].join(delimiter)
      const libraries = [knot!.env.LD_LIBRARY_PATH, dig!.env.LD_LIBRARY_PATH].join(':')
      const env = { ...process.env, PATH: path, LD_LIBRARY_PATH: libraries, NO_COLOR: '1' }
      const child = spawn('bash', ['page.sh'], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      let text = ''
      child.stdout.on('data', (part: Buffer) => (text += part.toString()))
      child.stderr.on('data', (part: Buffer) => (text += part.toString()))
      child.on('error', failed)
      child.on('exit', (code) => {
        try {
          process.kill(-child.pid!, 'SIGKILL') // Whatever a failed page left running.
        } catch (thrown) {
          if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') return failed(thrown as Error)
        }
        done({ code, text })
      })
    })
})

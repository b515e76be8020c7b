import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { launcher, pinnedNode, start } from './rig.ts'

/** The machine's own Node: the first on PATH that is not the one in node_modules. Null: there is none. */
const machineNode = ((process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules')).map((folder) => join(folder, 'node')).find(existsSync)) ?? null
const stripsTypes = (node: string) => execFileSync(node, ['-p', "const [a, b] = process.versions.node.split('.').map(Number); a > 22 || (a === 22 && b >= 18)"]).toString().trim() === 'true'

const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-launcher-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const nodes = [...new Set([machineNode, pinnedNode])].filter((node) => node !== null)

describe.each(nodes)('on %s', (node) => {
  test('runs, through a link too, and passes words and exit code on', async () => {
    const link = join(folderOf(), 'lifeboat')
    symlinkSync(launcher, link)
    const ran = await start(node, [link, '--version']).ended
    expect(ran).toMatchObject({ code: 0, out: '0.1.0\n', err: '' })
    expect(await start(node, [launcher, 'statsu']).ended).toMatchObject({ code: 2, out: '' })
  })

  test('Ctrl-C, which reaches the whole group, is counted once, and nothing stays behind', async () => {
    const { child, ended } = await listening(node)
    process.kill(-child.pid!, 'SIGINT')
    const { code, out } = await ended
    expect(code).toBe(0)
    expect(out.match(/"event":"stop"/g)).toHaveLength(1)
    await expect.poll(() => groupOf(child.pid!)).toEqual([])
  })

  test('SIGTERM to the launcher alone reaches lifeboat', async () => {
    const { child, ended } = await listening(node)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    await expect.poll(() => groupOf(child.pid!)).toEqual([])
  })

  test('a launcher that is killed takes lifeboat with it', async () => {
    const { child, ended } = await listening(node)
    child.kill('SIGKILL')
    await ended // The output ends a moment before the last process that holds it is gone.
    await expect.poll(() => groupOf(child.pid!)).toEqual([])
  })

  test('lifeboat that is killed ends the launcher by the same signal', async () => {
    const { child, ended } = await listening(node)
    const inner = groupOf(child.pid!).filter((pid) => pid !== child.pid)
    process.kill(inner[0] ?? child.pid!, 'SIGKILL')
    expect((await ended).signal).toBe('SIGKILL')
  })
})

test.runIf(machineNode && !stripsTypes(machineNode))('says what is missing where no Node strips types', async () => {
  const folder = folderOf()
  mkdirSync(join(folder, 'src'))
  cpSync(launcher, join(folder, 'src/lifeboat.js'))
  cpSync(join(launcher, '../../package.json'), join(folder, 'package.json'))
  const ran = await start(machineNode!, [join(folder, 'src/lifeboat.js'), 'status']).ended
  expect(ran.code).toBe(2)
  expect(ran.err).toMatch(/^lifeboat needs Node 22\.18 or later; this is .*Run npm ci/)
})

/** A vantage, in a process group of its own, that listens. */
async function listening(node: string) {
  const child = spawn(node, [launcher, 'vantage', '--listen', '127.0.0.1:0'], {
    detached: true,
    env: { ...process.env, LIFEBOAT_VANTAGE_TOKEN: 'a-token-for-a-test-only' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    for (const pid of groupOf(child.pid!)) process.kill(pid, 'SIGKILL')
  })
  let out = ''
  child.stdout.on('data', (part: Buffer) => (out += part))
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, out }))
  while (!out.includes('listens at')) await once(child.stdout, 'data')
  return { child, ended }
}

/** The living processes of a group, by /proc. */
function groupOf(group: number): number[] {
  const list = execFileSync('ps', ['-e', '-o', 'pid=,pgid=,stat=']).toString().trim().split('\n').map((line) => line.trim().split(/\s+/))
  return list.filter(([, pgid, stat]) => Number(pgid) === group && !stat!.startsWith('Z')).map(([pid]) => Number(pid))
}

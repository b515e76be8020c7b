import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../lab/wait.ts'
import { masked } from './masked.ts'

const root = join(import.meta.dirname, '../..')
const launcher = join(root, 'src/lifeboat.js')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-demo-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Ended = { code: number | null; text: string }

const lifeboat = (args: string[], interrupt?: () => Promise<unknown>): Promise<Ended> =>
  new Promise((done, failed) => {
    const child = spawn(process.execPath, [launcher, ...args], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    child.stdout.on('data', (part: Buffer) => (text += part.toString()))
    child.stderr.on('data', (part: Buffer) => (text += part.toString()))
    child.on('error', failed)
    child.on('close', (code) => done({ code, text }))
    onTestFinished(() => killGroup(child.pid!)) // Whatever a test that failed has left.
    // As a terminal does: to the whole group.
    if (interrupt) interrupt().then(() => process.kill(-child.pid!, 'SIGINT'), failed)
  })

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown
  }
}

/** The command of every process that runs in the demo's folder. */
const running = async (): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '') // It ended meanwhile, or is not ours.
      return cwd === folder ? readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : ''
    }),
  )
  return lines.filter((line) => line !== '').map((line) => line.replaceAll('\0', ' '))
}

describe('the demo', () => {
  test('a whole rescue; the README shows its transcript; explain and replay work on what it left', async () => {
    const { code, text } = await lifeboat(['demo'])
    expect(text).toMatch(/(?<!\d)0 of \d+ requests/)
    expect(code, text).toBe(0)
    expect(await running()).toEqual([])

    const readme = join(root, 'README.md')
    const page = await readFile(readme, 'utf8')
    const block = `<!-- transcript -->\n\`\`\`\n${masked(text).trim()}\n\`\`\`\n<!-- /transcript -->`
    const shown = /<!-- transcript -->[\s\S]*<!-- \/transcript -->/
    if (process.env.UPDATE === '1') await writeFile(readme, page.replace(shown, () => block))
    else expect(shown.exec(page)?.[0], 'UPDATE=1 rewrites it').toBe(block)

    const explain = /npx lifeboat (explain .*)/.exec(text)?.[1]?.split(' ') ?? []
    const explained = await lifeboat(explain)
    expect(explained.code, explained.text).toBe(0)
    expect(explained.text).toContain('alpha is cut off: account status is locked')
    const replay = /npx lifeboat (replay .*)/.exec(text)?.[1]?.split(' ') ?? []
    const replayed = await lifeboat(replay)
    expect(replayed.code, replayed.text).toBe(0)
  })

  test('Ctrl-C stops it and all that it started', async () => {
    // Once the launcher, the demo, the sites, the vantages and the controller are there.
    const { code, text } = await lifeboat(['demo'], () => until('all of it runs', async () => (await running()).length >= 8))
    expect(text).not.toContain('bug')
    expect(code).toBe(130)
    expect(await running()).toEqual([])
  })
})

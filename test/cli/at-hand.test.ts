import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { until } from '../lab/wait.ts'
import { onTerminal } from './init-lab.ts'
import { main, rig, secret, start } from './rig.ts'

// What a person meets who sits in front of it: a terminal, Ctrl-C, a changed file, and a bug.

const explainShape = z.strictObject({
  id: z.string().min(1), atMs: z.int().positive(), kind: z.enum(['hold', 'refuse', 'move', 'set']), reason: z.string().min(1),
  sentence: z.string().min(1), facts: z.array(z.string()).min(1), next: z.array(z.string()).min(1),
})

test('a terminal has colours and a screen that is drawn again; a pipe and NO_COLOR have neither; a no is a no', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  const at = (words: string[], env: Record<string, string> = {}) => onTerminal(lab.folder, words, { CANARY_WORD: secret, TERM: 'xterm', ...env })
  for (const [env, coloured] of [[{}, true], [{ NO_COLOR: '1' }, false], [{ TERM: 'dumb' }, false]] as const) {
    const terminal = at(['status'], env)
    expect(await terminal.ended).toBe(0)
    expect({ env, coloured: terminal.shown().includes('\u001b[') }).toEqual({ env, coloured })
  }
  expect((await lab.run('status')).all).not.toContain('\u001b')

  const watching = at(['status', '--watch'])
  for (let drawn = 0; drawn < 2; drawn++) await watching.until(/\u001b\[2J\u001b\[H[^]*\nvotes /)
  watching.press('C')
  expect(await watching.ended).toBe(0)

  const failover = at(['failover', '--force'])
  await failover.answer('[y/N]', 'n')
  expect(await failover.ended).toBe(2)
  expect(failover.shown()).toMatch(/^ {2}promote[^]*Nothing was done$/m)
  expect(JSON.parse((await lab.run('status', '--json')).out)).toMatchObject({ active: 'aws', epoch: 1, move: null })

  expect(explainShape.parse(JSON.parse((await lab.run('explain', '--json')).out))).toMatchObject({ kind: 'hold', reason: 'well' })
})

test('--log-level error lets no other line through', async () => {
  const lab = await rig()
  const watch = lab.start('watch', '--log-level', 'error')
  await until('it leads', async () => JSON.parse((await lab.run('status', '--json')).out || '{}').leader != null)
  expect(watch.said()).toBe('')
  await writeFile(join(lab.folder, 'lifeboat.yaml'), 'nothing')
  watch.child.kill('SIGHUP')
  await watch.line(({ event, level }) => event === 'config' && level === 'error')
  watch.child.kill('SIGTERM')
  expect((await watch.ended).code).toBe(0)
  expect(watch.lines).toHaveLength(1)
})

test('Ctrl-C while a command acts by itself: it goes on to its end and says so, and a second one ends it there', async () => {
  const lab = await rig()
  // A name server that never shows the change keeps the adoption open for long enough.
  const old = await startEmbedded({ zones: { 'shop.example': [{ name: 'shop.example', type: 'A', ttlS: 2, value: '127.0.0.41' }] } })
  onTestFinished(() => old.stop())
  await lab.write((yaml) => yaml.replace(/nameservers: .*/, `nameservers: ["${old.server}"]`))
  const adopt = lab.start('adopt', '--yes')
  await until('the names are written', () => lab.dns.dump('shop.example').some((line) => line.includes('state=pointed')))
  adopt.child.kill('SIGINT')
  await until('it says so', () => adopt.said().includes('This command carries it out itself, so it stops when that is done. Once more stops it now; the next lifeboat watch goes on with it\n'))
  await new Promise((over) => setTimeout(over, 700)) // Two within half a second are one, from a terminal and from npm.
  adopt.child.kill('SIGINT')
  expect((await adopt.ended).code).toBe(130)
  expect(JSON.parse((await lab.run('status', '--json')).out)).toMatchObject({ epoch: 1, move: { kind: 'adopt', state: 'open' } })
})

test('SIGHUP: a file without the active site is not taken, and watching goes on by the old one', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await lab.write((yaml) => yaml.replace('  aws:  ', '  other:'))
  watch.child.kill('SIGHUP')
  expect(await watch.line(({ event, level }) => event === 'config' && level === 'error')).toMatchObject({ msg: expect.stringMatching(/was not taken.*aws is the active site, and .*lifeboat\.yaml does not list it\. Put it back/) })
  await lab.stopSite('aws')
  await watch.line(({ event, state }) => event === 'move' && state === 'done')
})

test('a bug is exit 1, with the stack that tells where it is', async () => {
  const lab = await rig()
  const file = join(lab.folder, 'bug.mjs')
  await writeFile(file, `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const exists = fs.existsSync
fs.existsSync = (path) => (String(path).endsWith('shop.db') ? undefined.length : exists(path))
syncBuiltinESMExports()
`)
  const { code, out, err } = await start(process.execPath, [main, 'status'], { cwd: lab.folder, env: { CANARY_WORD: secret, NODE_OPTIONS: `--import ${pathToFileURL(file).href}` } }).ended
  expect({ code, out, err }).toEqual({ code: 1, out: '', err: expect.stringMatching(/^lifeboat has a bug: TypeError: [^]*\n +at .*src\/cli\/store\.ts:\d+/) })
})

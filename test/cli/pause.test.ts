import { execa } from 'execa'
import { access, chmod, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../lab/wait.ts'
import { launcher, rig, secret, start, type Ran, type Rig, type Running } from './rig.ts'

const lifeboat = `${process.execPath} ${launcher}`
const paused = async (lab: Rig) => JSON.parse((await lab.run('status', '--json')).out).paused as { untilMs: number | null; by: string; why: string } | null
const adopted = async (): Promise<Rig> => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  return lab
}
const shell = (lab: Rig, script: string, ...flags: string[]) => lab.start('pause', ...flags, '--', 'sh', '-c', script)

type Held = { running: Running; up: Promise<unknown>; end(): Promise<Ran> }
let holds = 0
/** A command that runs until the test ends it. `up`: it runs. */
function hold(lab: Rig, ...flags: string[]): Held {
  const word = join(lab.folder, `end-${holds++}`)
  const running = shell(lab, `echo '{"up":true}'; until [ -e ${word} ]; do sleep 0.1; done`, ...flags)
  return { running, up: running.line(({ up }) => up === true), end: async () => (await writeFile(word, ''), running.ended) }
}

describe('pause -- COMMAND', () => {
  test('pauses while it runs, says so beside what it prints, and resumes', async () => {
    const lab = await adopted()
    const ran = await shell(lab, `${lifeboat} status --json`).ended
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/^Automatic moves are paused while sh runs, at most until [\d:]+ UTC\nAutomatic moves are on again\n$/) })
    const { atMs, paused: within } = JSON.parse(ran.out)
    expect(within).toMatchObject({ by: 'tester', why: 'while sh runs' })
    expect(Math.abs(within.untilMs - atMs - 3_600_000)).toBeLessThan(30_000)
    expect(await paused(lab)).toBeNull()
    const own = await shell(lab, `${lifeboat} status --json`, '--for', 'forever', '--why', 'release 7').ended
    expect(JSON.parse(own.out).paused).toEqual({ untilMs: null, by: 'tester', why: 'release 7' })
    expect(own.err).toMatch(/^Automatic moves are paused while sh runs, however long that is\n/)
    expect(await paused(lab)).toBeNull()
  })

  test("its exit code is the command's, and it resumes whatever that is", async () => {
    const lab = await adopted()
    await writeFile(join(lab.folder, 'plain.txt'), 'not a program')
    const cases: [string[], number, RegExp][] = [
      [['sh', '-c', 'exit 7'], 7, /on again\n$/],
      [['sh', '-c', 'kill -TERM $$'], 143, /on again\n$/],
      [['no-such-program-here'], 127, /no-such-program-here cannot be run: .*\nAutomatic moves are on again\n$/],
      [['./plain.txt'], 126, /cannot be run: .*\nAutomatic moves are on again\n$/],
    ]
    for (const [command, code, err] of cases) {
      expect({ command, ...(await lab.run('pause', '--', ...command)) }).toMatchObject({ code, err: expect.stringMatching(err) })
      expect(await paused(lab)).toBeNull()
    }
  })

  test('standard input, output and flags behind the -- are the command\'s', async () => {
    const lab = await adopted()
    await writeFile(join(lab.folder, 'show.sh'), '#!/bin/sh\necho "$@"; cat\n')
    await chmod(join(lab.folder, 'show.sh'), 0o755)
    const ran = await start(process.execPath, [launcher, 'pause', '--why', 'x', '--', './show.sh', '--why', 'y', '--', '-1', '007'], { cwd: lab.folder, env: { CANARY_WORD: secret }, input: 'from outside' }).ended
    expect(ran).toMatchObject({ code: 0, out: '--why y -- -1 007\nfrom outside' })
  })

  test('a signal is passed on, and the command has the last word', async () => {
    const lab = await adopted()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const running = shell(lab, `trap 'echo heard; exit 9' ${signal.slice(3)}; echo '{"up":true}'; while :; do sleep 0.1; done`)
      await running.line(({ up }) => up)
      running.child.kill(signal)
      expect({ told: signal, ...(await running.ended) }).toMatchObject({ code: 9, out: expect.stringContaining('heard'), err: expect.stringMatching(/on again\n$/) })
    }
    expect(await paused(lab)).toBeNull()
  })

  test('a person\'s pause from before stays', async () => {
    const lab = await adopted()
    await lab.run('pause', '--for', '8h', '--why', 'holidays')
    expect(await lab.run('pause', '--', 'true')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^Automatic moves are paused while true runs, at most until .* UTC\. Another pause stands beside it, until .* UTC by tester \(holidays\)\nAutomatic moves stay paused, until .* by tester \(holidays\)\n$/),
    })
    expect(await paused(lab)).toMatchObject({ why: 'holidays' })
  })

  test('a person may pause or resume meanwhile, and that stays', async () => {
    const lab = await adopted()
    expect(await shell(lab, `${lifeboat} resume`).ended).toMatchObject({
      code: 0, out: 'Automatic moves are on again\n', err: expect.stringMatching(/^Automatic moves are paused while sh runs, .*\nAutomatic moves were resumed before sh had ended\n$/),
    })
    expect(await paused(lab)).toBeNull()
    const ran = await shell(lab, `${lifeboat} pause --for 8h --why later >&2`).ended
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/for 8h, until .*\n.*lifeboat resume ends both\nAutomatic moves stay paused, until .* by tester \(later\)\n$/) })
    expect(await paused(lab)).toMatchObject({ why: 'later' })
  })

  test("where a person's pause ends first, whether it stood before or came meanwhile, its own goes on", async () => {
    const lab = await adopted()
    await lab.run('pause', '--for', '8s', '--why', 'short')
    const held = hold(lab)
    await held.up
    expect((await lab.run('pause', '--for', '5s', '--why', 'shorter')).out).toMatch(/^Automatic moves are paused for 5s, .*\nIt takes the place of the one before: until .* by tester \(short\)\nAnother pause stands beside it, until .* by tester \(while sh runs\): lifeboat resume ends both\n$/)
    expect(await paused(lab)).toMatchObject({ why: 'while sh runs' })
    await until('the persons pause is over', async () => /paused   until \S+ UTC by tester \(while sh runs\)\n/.test((await lab.run('status')).out))
    const ran = await held.end()
    expect(ran.err).toMatch(/^Automatic moves are paused while sh runs, .*\nAutomatic moves are on again\n$/)
    expect(await paused(lab)).toBeNull()
  })

  describe('several at once', () => {
    test.each([['first', ['a', 'b', 'c']], ['last', ['c', 'b', 'a']]])('it is paused until the last one has ended, where the one that began first ends %s', async (_, order) => {
      const lab = await adopted()
      const held = new Map<string, Held>()
      for (const [why, length] of [['a', '1h'], ['b', '2h'], ['c', '30m']] as const) {
        const one = hold(lab, '--for', length, '--why', why)
        held.set(why, one)
        await one.up
      }
      expect((await lab.run('status')).out).toMatch(/paused   until .* by tester \(b\); until .* by tester \(a\); until .* by tester \(c\)\n/)
      for (const [ended, why] of order.entries()) {
        const left = order.slice(ended + 1).sort((x, y) => 'bac'.indexOf(x) - 'bac'.indexOf(y))
        const { code, err } = await held.get(why)!.end()
        expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(left[0] ? new RegExp(`\nAutomatic moves stay paused, until .* by tester \\(${left[0]}\\)\n$`) : /\nAutomatic moves are on again\n$/) })
        expect((await paused(lab))?.why ?? null).toBe(left[0] ?? null)
      }
    })

    test("a person's resume ends all, and each command says so", async () => {
      const lab = await adopted()
      const both = [hold(lab, '--why', 'a'), hold(lab, '--why', 'b', '--for', 'forever')]
      await Promise.all(both.map(({ up }) => up))
      expect(await lab.run('resume')).toMatchObject({ code: 0, out: 'Automatic moves are on again\n' })
      expect(await paused(lab)).toBeNull()
      const third = hold(lab, '--why', 'c')
      await third.up
      for (const one of both) expect((await one.end()).err).toMatch(/\nAutomatic moves were resumed before sh had ended\nAutomatic moves stay paused, until .* by tester \(c\)\n$/)
      expect(await paused(lab)).toMatchObject({ why: 'c' })
      expect((await third.end()).err).toMatch(/\nAutomatic moves are on again\n$/)
      expect(await paused(lab)).toBeNull()
    })

    test('one that is killed holds by its own bound, and takes nothing from the others', async () => {
      const lab = await adopted()
      const [killed, other] = [hold(lab, '--for', '20m', '--why', 'killed'), hold(lab, '--for', '10m', '--why', 'other')]
      await Promise.all([killed.up, other.up])
      killed.running.child.kill('SIGKILL')
      await killed.end()
      expect((await other.end()).err).toMatch(/\nAutomatic moves stay paused, until .* by tester \(killed\)\n$/)
      const left = await paused(lab)
      expect(left).toMatchObject({ why: 'killed' })
      expect(left!.untilMs! - Date.now()).toBeLessThanOrEqual(20 * 60_000)
    })

    test('many that begin and end as they like, with no controller to ask: whoever runs is paused', async () => {
      const lab = await adopted()
      const ran = await Promise.all(Array.from({ length: 4 }, (_, i) => shell(lab, `sleep ${i / 2}; ${lifeboat} status --json`, '--why', `deploy ${i}`).ended))
      for (const { code, out, err } of ran) expect({ code, err, paused: JSON.parse(out).paused }).toMatchObject({ code: 0, paused: { by: 'tester' } })
      expect(await paused(lab)).toBeNull()
    })
  })

  test('its bound holds while the command runs on, and where it is killed', async () => {
    const lab = await adopted()
    const held = hold(lab, '--for', '1s')
    await until('its end is said', () => /The pause is over, and sh still runs\. To pause on: lifeboat pause\n/.test(held.running.said()))
    expect((await held.end()).code).toBe(0)
    const running = shell(lab, `echo '{"up":true}'; exec sleep 2`, '--for', '20m')
    await running.line(({ up }) => up)
    running.child.kill('SIGKILL')
    await running.ended
    const left = await paused(lab)
    expect(left).toMatchObject({ why: 'while sh runs' })
    expect(left!.untilMs! - Date.now()).toBeLessThanOrEqual(20 * 60_000)
  })

  test('without a store nothing is run', async () => {
    const lab = await rig()
    expect(await lab.run('pause', '--', 'touch', 'ran')).toMatchObject({ code: 2, err: expect.stringMatching(/^There is no store at/) })
    expect(await readdir(lab.folder)).toEqual(['lifeboat.yaml'])
    expect(await lab.run('pause', '--for', 'soon', '--', 'touch', 'ran')).toMatchObject({ code: 2, err: expect.stringMatching(/^--for soon/) })
    await expect(access(join(lab.folder, 'ran'))).rejects.toThrow()
  })

  test('with a controller: a site that dies meanwhile is left when it is over, and no sooner', async () => {
    const lab = await adopted()
    const watch = lab.start('watch')
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
    const first = hold(lab, '--why', 'first')
    await first.up
    const deploy = shell(lab, `echo '{"up":true}'; until [ -e ${lab.folder}/deployed ]; do sleep 0.1; done; exit 3`, '--for', '40m')
    await deploy.line(({ up }) => up)
    await lab.stopSite('aws')
    await watch.line(({ event, kind, reason }) => event === 'decision' && kind === 'refuse' && reason === 'paused')
    // The one that holds longest ends first: another round decides, and nothing moves.
    await first.end()
    for (let round = 0; round < 3; round++) await lab.asked('hetzner')
    expect(watch.lines.filter(({ event }) => event === 'move')).toEqual([])
    await writeFile(join(lab.folder, 'deployed'), '')
    expect((await deploy.ended).code).toBe(3)
    expect(await watch.line(({ event, state }) => event === 'move' && state === 'done')).toMatchObject({ from: 'aws', to: 'hetzner' })
    watch.child.kill('SIGTERM')
    expect((await watch.ended).code).toBe(0)
  })
})

const script = await execa('which', ['script'], { reject: false })

test.skipIf(script.exitCode !== 0)('Ctrl-C at a terminal reaches the command once', async () => {
  const lab = await adopted()
  await writeFile(join(lab.folder, 'count.sh'), `trap 'n=$((n + 1))' INT; echo up; until [ "$n" ]; do sleep 0.1; done; sleep 1; echo "heard $n"`)
  const terminal = execa('script', ['-qec', `${lifeboat} pause -- sh count.sh`, '/dev/null'], { cwd: lab.folder, env: { CANARY_WORD: secret }, stdin: 'pipe', reject: false })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  let said = ''
  terminal.stdout.on('data', (part: Buffer) => {
    said += part.toString()
    if (/^up/m.test(part.toString())) terminal.stdin.write('\u0003')
  })
  await terminal
  expect(said).toMatch(/heard 1\r?\n[^]*Automatic moves are on again/)
})

import { describe, expect, test } from 'vitest'
import { commands, notYet } from '../../src/cli/commands.ts'
import { exits } from '../../src/errors.ts'
import { pinnedNode, launcher, rig, secret, start } from './rig.ts'

const lifeboat = (words: string[], env: Record<string, string> = {}) => start(pinnedNode, [launcher, ...words], { cwd: '/', env }).ended

test('--help lists every command of CONTRACT.md, and says which are not yet built', async () => {
  const { code, out, err } = await lifeboat(['--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const contract = 'init check adopt disown watch vantage status plan failover switchover failback rejoin role pause resume history explain replay notify up outputs push service demo'.split(' ')
  expect([...Object.keys(commands), ...Object.keys(notYet)].sort()).toEqual([...contract].sort())
  for (const word of contract) expect(out).toMatch(new RegExp(`^  lifeboat ${word}\\b.*${word in notYet ? 'not yet' : ''}`, 'm'))
  for (const flag of ['config', 'controller', 'json', 'yes', 'log-level', 'help', 'version']) expect(out).toContain(`--${flag}`)
})

describe('what is not understood is the user\'s error, in one sentence with the way out', () => {
  test.each([
    [['statsu'], 'There is no command "statsu". Did you mean status? All commands: lifeboat --help'],
    [['status', '--wath'], 'lifeboat status has no flag --wath. Did you mean --watch? All flags: lifeboat status --help'],
    [['failover', '--forse=1'], 'lifeboat failover has no flag --forse. Did you mean --force? All flags: lifeboat failover --help'],
    [['status', 'aws'], 'lifeboat status does not take "aws". How it is used: lifeboat status --help'],
    [[], 'lifeboat needs a command, such as status. All commands: lifeboat --help'],
    [['up', '--from', 'x'], 'lifeboat up needs the site whose stack it is: lifeboat up SITE'],
    [['up', 'aws', '--controller', 'http://127.0.0.1:1'], 'lifeboat up takes no --controller: it runs pulumi on this machine'],
    [['check', '--online', '--accept'], 'check takes --online or --accept, not both: look first, then accept'],
    [['pause', '--'], 'Behind -- stands no command. Write it there, such as lifeboat pause -- ./deploy.sh, or leave the -- out'],
    [['status', '--', 'true'], 'lifeboat status takes nothing behind --. How it is used: lifeboat status --help'],
    [['watch', '--controller', 'http://127.0.0.1:9'], 'lifeboat watch takes no --controller: it is the controller itself, and runs where its store is'],
    [['pause', '--for', '10'], '--for 10 has no unit. Write a number with s, m, h or d, such as 1h, or forever'],
    [['plan', 'drill'], 'lifeboat plan does not know "drill". Write failover, switchover or failback'],
    [['failover', '--accept-loss', '5m'], '--accept-loss 5m: a loss by time is not yet built, since no data driver is. Write --accept-loss all'],
    [['switchover'], 'lifeboat switchover needs the site to move to: lifeboat switchover SITE'],
    [['rejoin', '--yes'], 'lifeboat rejoin needs the fenced site that is in order: lifeboat rejoin SITE'],
    [['replay'], 'lifeboat replay needs a store, or its JSON Lines: lifeboat replay FILE'],
    [['plan'], 'lifeboat plan needs the kind of move: lifeboat plan failover, lifeboat plan switchover SITE or lifeboat plan failback'],
    [['status', '--log-level', 'loud'], '--log-level "loud" is not one of its words. Write debug, info, warn, error'],
    [['status', '--config'], '--config needs a word behind it. How it is used: lifeboat status --help'],
    [['check', '--json'], 'check prints data with --online alone: lifeboat check --online --json'],
    [['adopt', '--json'], 'lifeboat adopt prints no data, so it takes no --json. Those that do: check, watch, vantage, status, plan, history, explain, replay, notify, outputs'],
    [['pause', '--json'], 'lifeboat pause prints no data, so it takes no --json. Those that do: check, watch, vantage, status, plan, history, explain, replay, notify, outputs'],
    [['vantage'], 'lifeboat vantage needs to know where to listen: --listen 127.0.0.1:8687'],
    [['check'], 'There is no lifeboat.yaml in /. Write one there, or name another with --config FILE or LIFEBOAT_CONFIG'],
  ])('lifeboat %j', async (words, sentence) => {
    expect(await lifeboat(words)).toMatchObject({ code: exits.user, out: '', err: `${sentence}\n` })
  })

  test('a site that is not named: those that there are, where the file can be read', async () => {
    const lab = await rig()
    const sites = 'The sites are aws, hetzner\n'
    expect(await lab.run('switchover')).toMatchObject({ code: 2, err: `lifeboat switchover needs the site to move to: lifeboat switchover SITE. ${sites}` })
    expect(await lab.run('plan', 'switchover')).toMatchObject({ code: 2, err: `lifeboat plan switchover needs the site to move to: lifeboat plan switchover SITE. ${sites}` })
    for (const named of [['--config', `${lab.folder}/lifeboat.yaml`], [`--config=${lab.folder}/lifeboat.yaml`]]) {
      expect(await lifeboat(['rejoin', ...named], { CANARY_WORD: secret })).toMatchObject({ code: 2, err: expect.stringContaining(sites) })
    }
  })

  test.each<Record<string, string>>([{}, { LIFEBOAT_VANTAGE_TOKEN: 'too-short' }])('vantage with the token of %j', async (env) => {
    const { code, err } = await lifeboat(['vantage', '--listen', '127.0.0.1:0'], env)
    expect(code).toBe(exits.user)
    expect(err).toMatch(/^LIFEBOAT_VANTAGE_TOKEN is (not set|too short)\. Set it to at least 16 characters/)
    expect(err).not.toContain('too-short')
  })
})

test('a reader that goes away is no fault', async () => {
  const { child, ended } = start(pinnedNode, [launcher, '--help'])
  child.stdout!.destroy()
  const { code, err } = await ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

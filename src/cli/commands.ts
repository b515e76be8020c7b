import type { Options } from 'yargs'
import type { Cli } from './cli.ts'

/** What yargs read: options by name, positionals by theirs, and `--` for what stands behind it. */
export type Args = Record<string, unknown>

export type Command = {
  /** As `--help` shows it, in yargs's form: `failover [site]`. */
  usage: string
  about: string
  options?: Record<string, Options>
  /** What is missing where a `<word>` of `usage` is, as a sentence that goes on from the command's name. */
  needs?: string
  /** True: it prints data or log lines, so that --json means something. */
  data?: true
  /** Why it takes no --controller, as a sentence that goes on from "it". Null or left out: it takes one. */
  here?(args: Args): string | null
  run(cli: Cli, args: Args): Promise<number>
}

const text = (args: Args, name: string): string | null => (typeof args[name] === 'string' ? args[name] : null)
const isSet = (args: Args, name: string): boolean => args[name] === true
/** What stands behind `--`. Null: no `--`. */
const behind = (args: Args): string[] | null => (Array.isArray(args['--']) ? args['--'].map(String) : null)
const needed = (args: Args, name: string): string => text(args, name) ?? ''

const lifting: Record<string, Options> = {
  force: { type: 'boolean', describe: 'although the active site is up' },
  unready: { type: 'boolean', describe: 'although the target is not known to be well' },
  unfenced: { type: 'boolean', describe: 'without waiting until the site that is left can write no more' },
  'accept-loss': { type: 'string', requiresArg: true, describe: 'all: leave behind what the sites hold' },
}

const lifted = (args: Args) => ({ force: isSet(args, 'force'), unready: isSet(args, 'unready'), unfenced: isSet(args, 'unfenced'), acceptLoss: text(args, 'accept-loss') })

const acceptLoss = { 'accept-loss': lifting['accept-loss']! }

/** Every command of this version. Each one's code is imported when it is called, so that `status` is fast. */
export const commands: Record<string, Command> = {
  init: {
    usage: 'init',
    about: 'writes a commented lifeboat.yaml from what it finds, and asks for the rest; never overwrites',
    options: {
      names: { type: 'string', requiresArg: true, describe: 'what is moved: shop.example,www.shop.example' },
      sites: { type: 'string', requiresArg: true, describe: 'web1=203.0.113.1,web2=198.51.100.7@digitalocean; +IPV6 behind an address' },
      url: { type: 'string', requiresArg: true, describe: 'what each site is asked' },
      holds: { type: 'string', requiresArg: true, describe: 'nothing, or what a move would leave behind' },
      server: { type: 'string', requiresArg: true, describe: 'IP or IP:port of the name server that takes updates' },
      key: { type: 'string', requiresArg: true, describe: "the TSIG key's name; its secret is never asked for" },
      nameservers: { type: 'string', requiresArg: true, describe: "a private zone's name servers, as IP or IP:port" },
      app: { type: 'string', requiresArg: true, describe: "what the app is called; else by its zone" },
      owner: { type: 'string', requiresArg: true, describe: 'of a lifeboat.yaml that was lost, as DNS shows it; else a fresh one' },
    },
    here: () => 'writes a file on this machine',
    run: async (cli, args) =>
      (await import('./commands/init.ts')).init(cli, {
        names: text(args, 'names'), sites: text(args, 'sites'), url: text(args, 'url'), holds: text(args, 'holds'), server: text(args, 'server'), key: text(args, 'key'),
        nameservers: text(args, 'nameservers'), app: text(args, 'app'), owner: text(args, 'owner'),
      }),
  },
  check: {
    usage: 'check',
    about: 'reads the file, and says what is watched, who votes, and what each loss would leave',
    data: true,
    options: { online: { type: 'boolean', describe: 'also looks at all that it names, with no write; exit 5 where something fails or could not be found out' }, accept: { type: 'boolean', describe: 'a controller may come to lead by this file, although another leads by a different one' } },
    here: (args) => (isSet(args, 'accept') ? null : 'reads the lifeboat.yaml of the machine that it is typed on. With --accept it takes one'),
    run: async (cli, args) => (await import('./commands/check.ts')).check(cli, { online: isSet(args, 'online'), accept: isSet(args, 'accept') }),
  },
  adopt: {
    usage: 'adopt',
    about: 'takes over the names in DNS, or takes them up again where the store was lost',
    options: { active: { type: 'string', requiresArg: true, describe: 'the active site, where DNS does not say it' } },
    run: async (cli, args) => (await import('./commands/adopt.ts')).adopt(cli, { active: text(args, 'active') }),
  },
  disown: {
    usage: 'disown',
    about: 'lets go of the names in DNS: its TXT goes, the records stay',
    run: async (cli) => (await import('./commands/disown.ts')).disown(cli),
  },
  watch: {
    usage: 'watch',
    about: 'the controller, in the foreground, until SIGINT or SIGTERM; SIGHUP: read the file anew',
    data: true,
    here: () => 'is the controller itself, and runs where its store is',
    run: async (cli) => (await import('./commands/watch.ts')).watch(cli),
  },
  vantage: {
    usage: 'vantage',
    about: 'probes for controllers elsewhere; LIFEBOAT_VANTAGE_TOKEN is what both know',
    data: true,
    options: { listen: { type: 'string', requiresArg: true, describe: 'IP:port to listen at' } },
    here: () => 'probes from this machine',
    run: async (cli, args) => (await import('./commands/vantage.ts')).vantage(cli, { listen: text(args, 'listen') }),
  },
  status: {
    usage: 'status',
    about: "what is active, each site's health and why, moves, cooldown, pause",
    data: true,
    options: {
      watch: { type: 'boolean', describe: 'shown again every 2 s' },
      'exit-code': { type: 'boolean', describe: 'exit 5 unless all is well' },
    },
    run: async (cli, args) => (await import('./commands/status.ts')).status(cli, { watch: isSet(args, 'watch'), exitCode: isSet(args, 'exit-code') }),
  },
  plan: {
    usage: 'plan <kind> [site]',
    about: 'prints the very steps of a failover, switchover or failback; changes nothing',
    needs: 'the kind of move: lifeboat plan failover, lifeboat plan switchover SITE or lifeboat plan failback',
    data: true,
    options: lifting,
    run: async (cli, args) => (await import('./commands/plan.ts')).plan(cli, { kind: needed(args, 'kind'), to: text(args, 'site'), ...lifted(args) }),
  },
  failover: {
    usage: 'failover [site]',
    about: 'unplanned: the active site is given up',
    options: lifting,
    run: async (cli, args) => (await import('./commands/failover.ts')).failover(cli, { to: text(args, 'site'), ...lifted(args) }),
  },
  switchover: {
    usage: 'switchover <site>',
    about: 'planned: both sites well, nothing lost',
    needs: 'the site to move to: lifeboat switchover SITE',
    options: acceptLoss,
    run: async (cli, args) => (await import('./commands/switchover.ts')).switchover(cli, { to: needed(args, 'site'), acceptLoss: text(args, 'accept-loss') }),
  },
  failback: {
    usage: 'failback',
    about: 'switchover to the most preferred healthy site',
    options: acceptLoss,
    run: async (cli, args) => (await import('./commands/failback.ts')).failback(cli, { acceptLoss: text(args, 'accept-loss') }),
  },
  rejoin: {
    usage: 'rejoin <site>',
    about: "a person says that a fenced site's data is in order: it is a standby again",
    needs: 'the fenced site that is in order: lifeboat rejoin SITE',
    run: async (cli, args) => (await import('./commands/rejoin.ts')).rejoin(cli, { site: needed(args, 'site') }),
  },
  role: {
    usage: 'role <site>',
    about: 'is this site active? Read from the zone alone: exit 0 active, 5 not, 4 could not find out',
    needs: 'the site that it is about: lifeboat role SITE',
    here: () => 'asks the name servers from this machine, by the lifeboat.yaml that stands here',
    run: async (cli, args) => (await import('./commands/role.ts')).role(cli, { site: needed(args, 'site') }),
  },
  pause: {
    usage: 'pause',
    about: 'stops automatic moves and reasserts; watching goes on. With -- COMMAND: while it runs',
    options: {
      for: { type: 'string', requiresArg: true, describe: 'how long (with a command: at most): 30m, 1h (default), 2d or forever' },
      why: { type: 'string', requiresArg: true, describe: 'for whoever wonders' },
    },
    run: async (cli, args) => (await import('./commands/pause.ts')).pause(cli, { for: text(args, 'for'), why: text(args, 'why'), command: behind(args) }),
  },
  resume: {
    usage: 'resume',
    about: 'automatic moves are on again',
    run: async (cli) => (await import('./commands/resume.ts')).resume(cli),
  },
  history: {
    usage: 'history',
    about: "moves, newest first, with each step's time and outcome, by whom and why",
    data: true,
    run: async (cli) => (await import('./commands/history.ts')).history(cli),
  },
  explain: {
    usage: 'explain [id]',
    about: 'every fact that a decision rested on, in words; the latest by default',
    data: true,
    run: async (cli, args) => (await import('./commands/explain.ts')).explain(cli, { id: text(args, 'id') }),
  },
  replay: {
    usage: 'replay <file>',
    about: 'decides again over the snapshots of a store or its JSON Lines; exit 5 where anything differs',
    needs: 'a store, or its JSON Lines: lifeboat replay FILE',
    data: true,
    here: () => 'reads FILE on this machine',
    run: async (cli, args) => (await import('./commands/replay.ts')).replay(cli, { file: needed(args, 'file') }),
  },
  notify: {
    usage: 'notify',
    about: 'sends a test through every channel, and says which answered',
    data: true,
    run: async (cli) => (await import('./commands/notify.ts')).notify(cli),
  },
  up: {
    usage: 'up <site>',
    about: "Pulumi for a site's stack, with progress; its outputs are kept in the store",
    needs: 'the site whose stack it is: lifeboat up SITE',
    here: () => 'runs pulumi on this machine',
    run: async (cli, args) => (await import('./commands/up.ts')).up(cli, { site: needed(args, 'site') }),
  },
  outputs: {
    usage: 'outputs <site>',
    about: "a site's stack outputs: as its state has them now, else as they were last read",
    needs: 'the site whose stack it is: lifeboat outputs SITE',
    data: true,
    here: () => 'runs pulumi on this machine',
    run: async (cli, args) => (await import('./commands/outputs.ts')).outputs(cli, { site: needed(args, 'site') }),
  },
  push: {
    usage: 'push [site]',
    about: 'brings the release to a site over SSH, and sees that it is well; with --all to every site, standbys first',
    options: {
      all: { type: 'boolean', describe: 'to every site, the active one last' },
      env: { type: 'string', requiresArg: true, describe: 'file of NAME=value lines, or - for standard input; left out: the values that were brought last' },
      certificate: { type: 'string', requiresArg: true, describe: 'PEM file of chain and key for HAProxy; left out: each site keeps its own' },
    },
    run: async (cli, args) => (await import('./commands/push.ts')).push(cli, { site: text(args, 'site'), all: isSet(args, 'all'), env: text(args, 'env'), certificate: text(args, 'certificate') }),
  },
  service: {
    usage: 'service',
    about: 'prints a systemd unit that runs lifeboat watch by this file',
    here: () => 'prints a unit for this machine',
    run: async (cli) => (await import('./commands/service.ts')).service(cli),
  },
  demo: {
    usage: 'demo',
    about: 'one whole rescue on this machine',
    here: () => 'plays on this machine alone',
    run: async (cli) => (await import('./commands/demo.ts')).demo(cli),
  },
}

/** Commands that have their name already, and are built later. */
export const notYet: Record<string, string> = {
}

import { constants } from 'node:os'
import yargs, { type Argv } from 'yargs'
import { machineClock } from '../clock.ts'
import { nearestWord } from '../config/nearest.ts'
import { exits, Said } from '../errors.ts'
import { version } from '../version.ts'
import { machineCli, type Cli, type Flags, type LogLevel } from './cli.ts'
import { commands, notYet, type Args } from './commands.ts'
import { hide } from './secrets.ts'
import { endWithLauncher } from './signals.ts'

const globals = {
  config: { type: 'string', requiresArg: true, describe: 'lifeboat.yaml; else LIFEBOAT_CONFIG, else the one in this folder' },
  controller: { type: 'string', requiresArg: true, describe: 'URL of a controller elsewhere; else LIFEBOAT_CONTROLLER, else the store here' },
  json: { type: 'boolean', describe: 'data as JSON, where data is printed' },
  yes: { type: 'boolean', describe: 'do it without asking' },
  'log-level': { type: 'string', requiresArg: true, choices: ['debug', 'info', 'warn', 'error'], default: 'info', describe: 'of what is logged' },
} as const

type Parsed = { name: string | null; args: Args; shown: string }

/** Reads the words of a command line; throws Said where it is not understood. `shown`: what --help or --version prints. */
async function parse(words: string[]): Promise<Parsed> {
  let name: string | null = null
  let args: Args = {}
  let shown = ''
  const chosen = (command: string) => (parsed: Args) => {
    name = command
    args = parsed
  }
  const line = lineOf(chosen)
  try {
    args = await line.parseAsync(words, {}, (_error: unknown, _argv: unknown, output: string) => void (shown = output))
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    throw new Said(await misread(thrown.message, words))
  }
  // yargs does not tell a -- with nothing behind it from none.
  return { name, args: words.includes('--') ? { '--': [], ...args } : args, shown }
}

function lineOf(chosen: (command: string) => (parsed: Args) => void): Argv {
  let line: Argv = yargs()
    .scriptName('lifeboat')
    .usage('lifeboat COMMAND: keeps an app reachable when the company that hosts it switches it off')
    .locale('en')
    .exitProcess(false)
    .strict()
    .fail(false)
    .parserConfiguration({ 'camel-case-expansion': false, 'boolean-negation': false, 'dot-notation': false, 'populate--': true, 'duplicate-arguments-array': false, 'parse-numbers': false, 'parse-positional-numbers': false })
    .options(globals)
    .version(version)
    .help()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
  for (const [name, { usage, about, options }] of Object.entries(commands)) line = line.command(usage, about, (own: Argv) => own.options(options ?? {}), chosen(name))
  for (const [name, about] of Object.entries(notYet)) line = line.command(`${name} [words..]`, `not yet: ${about}`, (own: Argv) => own.strict(false), chosen(name))
  return line
}

/** What yargs could not read, as our sentence, with the nearest known word. */
async function misread(message: string, words: string[]): Promise<string> {
  const command = words.find((word) => word in commands)
  const { needs } = commands[command ?? ''] ?? {}
  if (needs !== undefined && message.startsWith('Not enough non-option arguments')) return `lifeboat ${command} needs ${needs}${needs.includes('SITE') ? await sitesFor(command!, words) : ''}`
  const [, behind] = /^Not enough arguments following: (\S+)/.exec(message) ?? []
  if (behind !== undefined) return `--${behind} needs a word behind it. How it is used: lifeboat ${command ? `${command} ` : ''}--help`
  const [, flag, given, choices] = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message) ?? []
  if (choices !== undefined) return `--${flag} ${given} is not one of its words. Write ${choices.replaceAll('"', '')}`
  const known = [...Object.keys(globals), 'help', 'version', ...Object.keys(commands[command ?? '']?.options ?? {})]
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1]
  if (unknown === undefined) return `${command ? `lifeboat ${command}: ` : ''}${message.split('\n')[0]}. How it is used: lifeboat ${command ? `${command} ` : ''}--help`
  const of = command === undefined ? 'lifeboat' : `lifeboat ${command}`
  if (words.some((word) => word.replace(/=.*/s, '').replace(/^--?/, '') === unknown && word.startsWith('-'))) return `${of} has no flag --${unknown}.${meant(unknown, known, '--')} All flags: ${of} --help`
  if (command === undefined) return `There is no command "${unknown}".${meant(unknown, [...Object.keys(commands), ...Object.keys(notYet)])} All commands: lifeboat --help`
  return `${of} does not take "${unknown}". How it is used: ${of} --help`
}

/** What stands behind a flag, in words that could not be parsed. */
function wordOf(flag: string, words: string[]): string | undefined {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  if (at < 0) return undefined
  return words[at] === flag ? words[at + 1] : words[at]!.slice(flag.length + 1)
}

/** The sites that there are, where the file can be read, here or by the controller that is named. */
async function sitesFor(command: string, words: string[]): Promise<string> {
  const isHere = Boolean(commands[command]!.here?.({}))
  const cli = machineCli(flagsOf({ config: wordOf('--config', words), controller: isHere ? undefined : wordOf('--controller', words) }), machineClock)
  if (isHere) cli.env = { ...cli.env, LIFEBOAT_CONTROLLER: '' }
  const { groundOf } = await import('./ground.ts')
  try {
    const { core } = await groundOf(cli)
    return hide(`. The sites are ${core.sites.map(({ site }) => site).join(', ')}`, cli.secrets())
  } catch (thrown) {
    if (thrown instanceof Said) return ''
    throw thrown
  }
}

const meant = (word: string, known: string[], before = ''): string => {
  const near = nearestWord(word, known)
  return near === null ? '' : ` Did you mean ${before}${near}?`
}

const flagsOf = (args: Args): Flags => ({
  config: typeof args.config === 'string' ? args.config : undefined,
  controller: typeof args.controller === 'string' ? args.controller : undefined,
  json: args.json === true,
  yes: args.yes === true,
  logLevel: args['log-level'] as LogLevel,
})

async function run({ name, args, shown }: Parsed, cli: Cli): Promise<number> {
  if (shown) {
    cli.out(shown)
    return exits.done
  }
  if (name === null) throw new Said('lifeboat needs a command, such as status. All commands: lifeboat --help')
  if (name in notYet) throw new Said(`lifeboat ${name} is not yet built: ${notYet[name]}`)
  if (args['--'] !== undefined && name !== 'pause') throw new Said(`lifeboat ${name} takes nothing behind --. How it is used: lifeboat ${name} --help`)
  const command = commands[name]!
  const here = command.here?.(args) ?? null
  if (here !== null && cli.flags.controller !== undefined) throw new Said(`lifeboat ${name} takes no --controller: it ${here}`)
  if (cli.flags.json && !command.data) throw new Said(`lifeboat ${name} prints no data, so it takes no --json. Those that do: ${Object.keys(commands).filter((each) => commands[each]!.data).join(', ')}`)
  return command.run(cli, args)
}

/** Runs one command line to its end, and gives its exit code; whatever is thrown has been said. */
export async function runCommandLine(words: string[]): Promise<number> {
  endWithLauncher(machineClock)
  let cli = machineCli(flagsOf({}), machineClock)
  try {
    const parsed = await parse(words)
    cli = machineCli(flagsOf(parsed.args), machineClock)
    return await run(parsed, cli)
  } catch (thrown) {
    if (thrown instanceof Said) {
      cli.err(thrown.message)
      return thrown.exit
    }
    const signal = cli.stoppedBy()
    if (signal) return 128 + constants.signals[signal]
    cli.err(`lifeboat has a bug: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    return exits.bug
  }
}

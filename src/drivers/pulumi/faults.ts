import { oneLine } from '../../core/one-line.ts'
import { exits, Said } from '../../errors.ts'
import { plainText } from './events.ts'
import { ownersIn, standingOf, type Owner } from './locks.ts'

/** One site's stack, as pulumi is asked for it. `folder`: where its Pulumi.yaml stands. */
export type StackAt = { site: string; cloud: string; stack: string; folder: string }

/** All that a run that failed has said: standard error, and the diagnostics of severity error. */
export type Failure = { code: number | null; err: string; errors: string[] }

type Fault = { when: RegExp; exit: number; say: (at: StackAt, found: RegExpExecArray, text: string) => string }

const { user, unfinished } = exits
const command = ({ stack, folder }: StackAt, words: string): string => `${words} --stack ${stack} in ${folder}`

/** What pulumi says and what comes of it (CLI 3.274.1, 2026-11). The first that fits: what stops a run at once stands before what fails in the middle of it. */
const faults: Fault[] = [
  { when: /currently locked by|Another update is currently in progress/, exit: unfinished, say: (at, _, text) => lockedSentence(at, ownersIn(text)) },
  { when: /incorrect passphrase/, exit: user, say: ({ stack }) => `The passphrase of the stack ${stack} is another: correct PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE` },
  { when: /passphrase must be set/, exit: user, say: ({ stack }) => `The stack ${stack} has a passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE` },
  { when: /no stack named/, exit: user, say: (at) => `There is no stack ${at.stack} in the state that pulumi is logged in to. Correct sites.${at.site}.stack or PULUMI_BACKEND_URL; for a new one: ${command(at, 'pulumi stack init').replace('--stack ', '')}` },
  { when: /doesn't match Pulumi\.yaml|project name .* does not match/, exit: user, say: ({ site, stack, folder }) => `The stack ${stack} is of another project than the Pulumi.yaml in ${folder}. Correct sites.${site}.stack, or name its folder in sites.${site}.dir` },
  { when: /no Pulumi\.yaml project file found/, exit: user, say: ({ site, folder }) => `There is no Pulumi.yaml in ${folder}. Name the folder of the Pulumi program in sites.${site}.dir` },
  { when: /organization name must be|invalid stack name|stack names? (?:may|must)/i, exit: user, say: ({ site, stack }, _, text) => `${stack} names no stack of this state: ${firstLine(text)}. Correct sites.${site}.stack` },
  { when: /PULUMI_ACCESS_TOKEN must be set|not logged in/i, exit: user, say: () => 'pulumi is not logged in to a state: set PULUMI_BACKEND_URL, as to file:///var/lib/pulumi, or log in once: pulumi login' },
  { when: /invalid access token|\b401\b.*access token|access token.*(?:invalid|expired)/i, exit: user, say: () => 'The state takes our login no more: set PULUMI_ACCESS_TOKEN anew, or type pulumi login' },
  { when: /unable to open state directory|unable to open bucket|read "\.pulumi\/|blob \(key|could not list bucket|api\.pulumi\.com|performing HTTP request/, exit: unfinished, say: (_, __, text) => `The state cannot be reached: ${firstLine(text)}` },
  { when: /no language plugin|failed to load language plugin/, exit: user, say: () => 'pulumi finds no pulumi-language-nodejs beside it or on PATH: install the whole of it, as https://www.pulumi.com/docs/install says' },
  { when: /no resource plugin '?pulumi-resource-([\w-]+)'?.*?(?:version v?([\w.+-]+))?/, exit: user, say: (at, [, plugin], text) => `pulumi has no plugin for ${plugin}. Type ${pluginCommand(plugin ?? '', text)}, then: lifeboat up ${at.site}` },
  { when: /Cannot find (?:module|package) '(@pulumi\/[\w-]+)|ERR_MODULE_NOT_FOUND.*(@pulumi\/[\w-]+)|Pulumi SDK has not been installed/, exit: user, say: ({ folder }) => packagesSentence(folder) },
  {
    when: /\b401\b|\b403\b|unauthorized|unable to authenticate|invalid (?:token|credential|access key)|InvalidClientTokenId|AuthFailure|ExpiredToken|SignatureDoesNotMatch|NoCredentialProviders|no valid credential sources|configure provider/i,
    exit: user,
    say: ({ cloud, site }, _, text) => `${cloud} does not take our credentials: ${firstLine(text)}. Set ${variables[cloud] ?? 'them'} anew, then: lifeboat up ${site}`,
  },
]

const variables: Record<string, string> = { aws: 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY', hetzner: 'HCLOUD_TOKEN', digitalocean: 'DIGITALOCEAN_TOKEN' }

const pluginCommand = (plugin: string, text: string): string => `pulumi plugin install resource ${plugin}${/version (v?[\d.]+\d)/.exec(text)?.[1]?.replace(/^/, ' ') ?? ''}`

/** Said where the folder of a program has no Pulumi packages. */
export const packagesSentence = (folder: string): string => `The Pulumi packages are not installed in ${folder}; npm ci --omit=dev leaves them out. Type npm ci there`

/** Said where there is no pulumi. */
export const noPulumi = (): Said => new Said('There is no pulumi on PATH. Install it as https://www.pulumi.com/docs/install says, then type this again')

/** What a failed run comes to: one sentence, and never a stack. */
export function faultOf(at: StackAt, { code, err, errors }: Failure, doing: string): Said {
  const text = plainText([err, ...errors].join('\n'))
  for (const { when, exit, say } of faults) {
    const found = when.exec(text)
    if (found) return new Said(say(at, found, text.slice(found.index === 0 ? 0 : text.lastIndexOf('\n', found.index) + 1)), exit)
  }
  return new Said(`${doing} did not come to its end (pulumi ended with ${code ?? 'a signal'}): ${firstLine(errors.length > 0 ? errors.join('\n') : text)}`, unfinished)
}

/** Of a program's stack and its frame lines only what was thrown. */
function firstLine(text: string): string {
  const lines = plainText(text).split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^at |^Running program|^warning:|^SDK |^\d+ errors? occurred:?$/.test(line))
  return oneLine((lines[0] ?? 'it does not say why').replace(/^(?:error|\*): ?|^\* /i, '')).replace(/\/\/[^\s/@]*@/g, '//(hidden)@').replace(/\.$/, '').slice(0, 400)
}

/** `pulumi cancel` deletes a live run's lock too, so it is named only where no owner can live. */
function lockedSentence(at: StackAt, owners: Owner[]): string {
  const who = owners.map(({ user, host, pid }) => `${user}@${host}, process ${pid}`).join(' and ')
  const locked = `The stack ${at.stack} is locked${who ? ` by ${who}` : ' by another run'}`
  const standings = owners.map(standingOf)
  if (owners.length > 0 && standings.every((each) => each === 'dead')) return `${locked}, which runs no more. What it left half done is taken up once the lock is gone: ${command(at, 'pulumi cancel --yes')}, then: lifeboat up ${at.site}`
  const where = standings.includes('elsewhere') ? 'on another machine: look there whether it runs still' : 'which may run still'
  return `${locked}, ${where}. Wait until it has ended, then: lifeboat up ${at.site}`
}

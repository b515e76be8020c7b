// What init says at its end: what was found, what a person should look at, and what to type next.

import { relative } from 'node:path'
import type { HostView } from '../../core/moving.ts'
import { verb } from '../../core/verb.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { inShell } from '../shell-word.ts'
import type { Draft } from './draft.ts'
import type { Named } from './names.ts'
import { servedNow } from './sites.ts'
import { answerText, answerWords, isGood, unwellIn, type Asked, type Seen } from './url.ts'
import type { ZoneSeen } from './zone.ts'

/** All that is known at the end. `amiss`: what https URLs answered that the check does not show. `active` null: DNS does not say which site it is. `serverAnswers`: the one that takes updates does, with authority. `unset`: variables of the file that have no value yet. */
export type Outcome = { path: string; draft: Draft; seen: ZoneSeen; active: string | null; asked: Asked; amiss: string[]; serverAnswers: boolean; unset: string[] }

const several = (words: string[]): string => words.join(', ')

/** What stands at one name, as a sentence's end. */
function nameText(name: string, view: HostView, { beside }: ZoneSeen, names: string[]): string {
  const sets = view.sets.filter((set) => set.name === name)
  const others = beside[name] ?? []
  const stays = others.length > 0 ? `; ${several(others)} there stay as they are` : ''
  const [first] = sets
  if (!first) return `is not there yet: lifeboat adopt writes it${stays}`
  if (first.through) return `is there through ${first.through}, and follows it`
  if (first.type === 'CNAME' && first.values.some((value) => names.includes(value))) return `is a CNAME to ${several(first.values)}, and follows it`
  return `${sets.map(({ type, values }) => `${type} ${several(values)}`).join(', ')}, TTL ${Math.max(...sets.map(({ ttlS }) => ttlS))} s${stays}`
}

const zoneRows = (seen: ZoneSeen, names: string[], given: string[] | null): string[][] => [
  ['zone', `${seen.zone}, at ${several(seen.servers)} (${given === null ? 'as its parent publishes' : 'as given'})`],
  ...names.map((name) => ['name', `${name} ${nameText(name, seen.view, seen, names)}`]),
]

/** What is found of the names, for whoever is asked about the servers next. `firstName`: what the site is called that they point at. Null: nobody says. */
export function servedLines({ names, seen, whom }: Named, firstName: string | null): string[] {
  const now = servedNow(seen.view, names)
  const site = now.length === 1 ? [['site', `${firstName ?? 'web1'} ${several(now[0]!)}, where the names point now`]] : []
  return columns([...zoneRows(seen, names, whom.servers), ...site]).map((line) => `  ${line}`)
}

function foundLines({ draft, seen, active, asked }: Outcome, cli: Cli): string[] {
  const { names, sites, server, key } = draft
  return columns([
    ...zoneRows(seen, names, draft.nameservers),
    ...sites.map(({ site, addresses }) => ['site', `${site} ${several(addresses)}${site === active ? ', where the names point now' : ''}: ${answerText(asked.answers[site] ?? [], cli)}`]),
    ['check', checkText(asked)],
    ['updates', `${server}, ${key === null ? 'without a key' : `signed with the key ${key}`}`],
  ]).map((line) => `  ${line}`)
}

/** The check, and where it was seen to be answered as it should be. */
function checkText(asked: Asked): string {
  const { url, status, tls } = asked.check
  const unwell = unwellIn(asked)
  const well = Object.keys(asked.answers).filter((site) => !unwell.includes(site))
  const way = tls === 'any' ? ', with any certificate' : ''
  if (well.length === 0) return `${url} is to give ${status}${way}, and no site was seen to give it`
  return `${url} gives ${status}${unwell.length > 0 ? ` at ${several(well)}` : ''}${way}`
}

/** Why a site is not well to the check, as a sentence. */
export function unwellText(site: string, answers: Seen[]): string {
  const unable = answers.filter(({ kind }) => kind === 'unable')
  // The family that answers counts; of the other nothing is known.
  if (unable.length < answers.length && answers.every((each) => each.kind === 'unable' || isGood(each))) return `${site} at ${several(unable.map(({ address }) => address))}: ${unable[0]!.detail}, so whether it answers there is not known`
  return `${site} does not answer the check as it should: ${answerWords(answers)}`
}

/** Addresses that stand beside a site's in DNS, and that nobody typed. */
const joinedLines = ({ sites }: Draft): string[] =>
  sites.flatMap(({ site, addresses, joined = [] }) =>
    joined.length > 0 ? [`${site} got ${several(joined)} too, which stands at the names beside ${several(addresses.filter((each) => !joined.includes(each)))}: take it out of the file where that is another machine's`] : [],
  )

/** What a person should know, a sentence each. */
function mindLines({ draft, seen, active, asked, amiss, serverAnswers }: Outcome): string[] {
  const { names, sites, server } = draft
  const silent = seen.shown.filter(({ view }) => view === null).map((each) => each.server)
  const differing = seen.shown.filter(({ view }) => view !== null && JSON.stringify(view.sets) !== JSON.stringify(seen.view.sets)).map((each) => each.server)
  const ttlS = Math.max(0, ...seen.view.sets.map((set) => set.ttlS))
  const unwell = unwellIn(asked)
  const own = sites.filter(({ addresses }) => addresses.length === 2).length
  return [
    ...(silent.length > 0 ? [`${several(silent)} ${verb(silent, 'does', 'do')} not answer for ${seen.zone} with authority`] : []),
    ...(differing.length > 0 ? [`${several(differing)} ${verb(differing, 'shows', 'show')} other records at the names than ${seen.servers.find((each) => !silent.includes(each))}`] : []),
    ...(serverAnswers ? [] : [`${server}, which is to take the updates, does not answer for ${seen.zone} with authority`]),
    ...joinedLines(draft),
    ...unwell.map((site) => unwellText(site, asked.answers[site] ?? [])),
    ...amiss.map((each) => `https was tried: ${each}`),
    ...(amiss.length > 0 && asked.check.url.startsWith('http:') ? ['the check is by http, which sees no certificate: where visitors use https, mend that and write https in check.url'] : []),
    ...(asked.check.tls === 'any' ? ['the certificate is not by a public authority, so any is taken, even one that is over or for other names: better is tls: { ca: FILE } with the authority\'s own, beside lifeboat.yaml'] : []),
    ...(active === null ? [`${several(names)} ${verb(names, 'does', 'do')} not point at exactly one of the sites, so adopt is told which one is active`] : []),
    ...(ttlS > 60 ? [`answers are kept for ${ttlS} s now: lifeboat adopt lowers that to ${draft.ttl}`] : []),
    ...(own > 0 && own < sites.length ? ['not every site has an IPv6 address: a move to one without takes the AAAA records away'] : []),
    ...(names.some((name) => (seen.beside[name] ?? []).some((type) => type === 'HTTPS' || type === 'SVCB')) ? ['an HTTPS or SVCB record stands at the names: addresses in it would stay behind in a move'] : []),
  ]
}

/** Whoever has the value of a variable. */
const holderOf = (name: string): string => (name === 'TSIG_SECRET' ? 'the name server' : 'the cloud')

function nextLines({ path, draft, active, unset }: Outcome, cli: Cli): string[] {
  const flag = cli.flags.config === undefined ? '' : ` --config ${inShell(cli.flags.config)}`
  const env = inShell(`${relative(cli.cwd, path).replace(/[^/]*$/, '')}lifeboat.env`)
  const whose = `as ${unset.map(holderOf).join(' and ')} ${verb(unset, 'has it', 'have them')}`
  const secret = [`(umask 077 && cat >> ${env})`, `then type ${unset.map((name) => `${name}=…, Enter`).join(', ')}, ${whose}, and Ctrl-D`]
  return columns([
    ...(unset.length > 0 ? [secret] : []),
    [`lifeboat check --online${flag}`, 'looks at all of it, and writes nothing'],
    [`lifeboat adopt${active === null ? ` --active ${draft.sites[0]!.site}` : ''}${flag}`, 'shows what it would write in DNS, and asks before it does'],
    [`lifeboat watch${flag}`, 'watches, and says what it would do'],
    [`lifeboat service${flag}`, 'prints a systemd unit that keeps it watching'],
  ]).map((line) => `  ${line}`)
}

/** The whole of it. */
export function reportLines(outcome: Outcome, cli: Cli): string[] {
  const minds = mindLines(outcome)
  return [
    `Wrote ${outcome.path}. Nothing was changed in DNS`,
    '',
    'Found',
    ...foundLines(outcome, cli),
    ...(minds.length > 0 ? ['', 'To look at', ...minds.map((line) => `  ${line}`)] : []),
    '',
    'Next, in this order',
    ...nextLines(outcome, cli),
  ]
}

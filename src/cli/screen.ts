import { clouds } from '../config/companies.ts'
import { freshLedger, pausesAt } from '../core/ledger.ts'
import { spell } from '../core/spell.ts'
import { leavesData } from '../core/plan.ts'
import { releasesApart } from '../core/releases.ts'
import type { Config, Ledger, Past } from '../core/types.ts'
import { voteFreshMs } from '../core/votes.ts'
import { wayOn } from '../core/way-on.ts'
import { reasons, type Reason } from '../core/words.ts'
import type { Report, StoreView } from '../ports.ts'
import type { Cli } from './cli.ts'
import { columns } from './columns.ts'
import type { Ground } from './ground.ts'
import { pauseText } from './pauses.ts'
import type { SiteStatus, Status } from './status.ts'
import { stateOf } from './live-report.ts'
import { ago, clockTime, shortTime, took } from './times.ts'

type Given = {
  ground: Ground
  view: StoreView
  live: Report | null
  /** What the last move was decided by, for `lifeboat explain`. Null: the journal does not say. */
  movedBy: string | null
}
type Scene = Given & { cli: Cli; status: Status; ledger: Ledger }

/** The screen at 3 a.m. (CONTRACT.md): what is so, and what to type next. */
export function screen(cli: Cli, status: Status, given: Given): string[] {
  const scene: Scene = { ...given, cli, status, ledger: given.view.ledger ?? freshLedger(given.ground.core) }
  return [head(scene), ...oldCopy(scene), ...table(scene), ...facts(scene).map(([word, text]) => `${word.padEnd(7)}  ${text}`)]
}

const head = ({ cli, status: { app, epoch, atMs, leader }, view }: Scene): string => {
  const last = view.report
  const seen = last ? `, last seen ${ago(last.atWallMs, atMs)} ago (${last.leader.id})` : ''
  const controller = leader ? `controller ${leader.id}, up ${ago(leader.sinceMs, atMs)}${leader.command === 'watch' ? '' : ` (${leader.command})`}` : cli.paint('red', `no controller${seen}`)
  return `${cli.paint('bold', app)} · epoch ${epoch} · ${clockTime(atMs)} UTC · ${controller}`
}

/** What is said of a store that is not trusted. */
export const maybeOld = 'This store may be new, lost or an old copy'

/** An untrusted store's epoch and roles may be long past, so what DNS says stands before them. */
function oldCopy({ cli, status, ledger }: Scene): string[] {
  if (ledger.trusted) return []
  const said = status.dns.map(({ host, epoch, addresses, detail }) => detail || (addresses === null ? `${host} was not read yet` : `${host} shows ${epoch === null ? 'no epoch' : `epoch ${epoch}`}, ${addresses.join(', ') || 'no address'}`))
  const zone = status.leader === null ? ['nobody reads DNS now, so what it says is not known here'] : said
  return [cli.paint('red', `${maybeOld}: what it knows stands below, and DNS goes before it`), ...zone.map((each) => `  ${each}`)]
}

const healthColours = { up: 'green', down: 'red', unknown: 'yellow' } as const

function table({ cli, status }: Scene): string[] {
  const rows = status.sites.map((site) => [site.site, site.role, site.health, site.sinceMs === null ? '-' : ago(site.sinceMs, status.atMs), whyOf(site, status.atMs)])
  return columns([['SITE', 'ROLE', 'HEALTH', 'SINCE', 'WHY'], ...rows], (cell, row, column) =>
    row > 0 && column === 2 ? cli.paint(healthColours[status.sites[row - 1]!.health], cell) : cell,
  )
}

const noEvidence = 'no account evidence'

function whyOf({ why, certificateUntilMs, cloud }: SiteStatus, nowMs: number): string {
  const certificate = certificateUntilMs === null ? '' : ` · certificate ${spell(certificateUntilMs - nowMs)}`
  const said = why ?? 'nobody looks'
  const asked = cloud !== 'none' && (clouds as Record<string, { built: boolean }>)[cloud]?.built === true
  const blind = !asked && !said.includes(noEvidence) ? ` · ${noEvidence}` : ''
  return `${said}${certificate}${blind}`
}

/** The lines below the table; one that has nothing to say is left out. */
function facts(scene: Scene): [string, string][] {
  const { status, ground, cli, ledger } = scene
  const { core } = ground
  const lines: [string, string | null][] = [
    ['moving', movingLine(status)],
    ['waits', status.waits],
    ['moved', movedLine(scene)],
    ['now', status.decision && isWorthSaying(status.decision.reason) ? status.decision.sentence : null],
    ['paused', pausedLine(scene)],
    ['policy', core.policy.automatic ? null : 'policy.automatic is false: it says what it would do, and does nothing'],
    ['data', leavesData(core) ? `${core.data.holds}: no driver carries them, so a move leaves them behind` : null],
    ['release', differing(releasesApart(ledger, core))],
    ['votes', weakest(core)],
    ...missingVantages(scene).map((text): [string, string] => ['votes', text]),
    ...dnsLines(scene),
    ...stackLines(status).map((text): [string, string] => ['stacks', text]),
    ...status.sharedFates.map((fate): [string, string] => ['fate', `${fate} (sharedFate: accepted)`]),
    ['config', scene.live && scene.live.configHash !== ground.hash ? `the controller runs on another ${ground.file} than stands there now` : null],
    ...untoldLines(status).map((text): [string, string] => ['untold', text]),
    ['next', wayOn(stateOf(scene.view, scene.live, ground), { wallMs: status.atMs, watched: status.leader !== null, kept: keptBy(scene), config: core })],
  ]
  return lines.flatMap(([word, text]): [string, string][] => (text === null ? [] : [[word, word === 'next' ? cli.paint('bold', text) : text]]))
}

const differing = (apart: string | null): string | null => (apart === null ? null : `the sites run different releases: ${apart}. To bring them the same one: lifeboat push --all`)

/** Through a controller's address it is that controller's file; here nobody says whether one runs by it. */
const keptBy = ({ ledger: { file }, ground }: Scene): 'surely' | 'perhaps' | null =>
  !file || file.hash === ground.hash ? null : 'controller' in ground ? 'surely' : 'perhaps'

const isWorthSaying = (reason: string): boolean => reason !== 'well' && reason !== 'move-open' && reason in reasons

const whence = (from: string | null, to: string): string => (from === null || from === to ? to : `${from} → ${to}`)

const doer = (by: string): string => (by === 'lifeboat' ? 'by itself' : `by ${by}`)

function movingLine({ move, atMs }: Status): string | null {
  if (!move) return null
  const at = move.steps.findLast(({ endedMs }) => endedMs === null)
  return `${move.kind} ${whence(move.from, move.to)}, epoch ${move.epoch}, ${doer(move.by)}, for ${ago(move.startedMs, atMs)}${at ? `; at ${at.step} for ${ago(at.startedMs, atMs)}` : ''}${whyOfMove(move.decision)}`
}

const whyOfMove = (decision: string | null): string => (decision === null ? '' : `; why: lifeboat explain ${decision}`)

function movedLine({ status, ledger, movedBy }: Scene): string | null {
  const past = ledger.past[0]
  if (!past) return null
  const { atMs, cooldownUntilMs } = status
  const stale = ledger.staleUntilMs
  const tail = stale !== null ? `; old answers ${stale > atMs ? 'end' : 'ended'} ${shortTime(stale, atMs)}` : ''
  const cooldown = cooldownUntilMs === null ? '' : `; cooldown until ${shortTime(cooldownUntilMs, atMs)}`
  return `${past.kind} ${whence(past.from, past.to)} ${shortTime(past.startedMs, atMs)}, ${doer(past.by)}, in ${took(past.endedMs - past.startedMs)}, ${endOf(past, status, ledger)}${tail}${cooldown}${whyOfMove(movedBy)}`
}

/** The debts of a move are kept as they were at its end; what a host was seen to show since says which are paid. Names that are let go of owe nothing. */
function endOf({ state, debts, epoch }: Past, { dns, adopted }: Status, { hosts }: Ledger): string {
  if (state !== 'done-with-debts') return state === 'done' ? 'confirmed' : state
  if (!adopted) return `confirmed; ${debts.join(', ')} was behind when it ended`
  const owed = debts.filter((host) => Math.max(dns.find((each) => each.host === host)?.epoch ?? -1, hosts[host] ?? -1) < epoch)
  return owed.length > 0 ? `confirmed, and still to be brought up: ${owed.join(', ')}` : `confirmed, and brought up since: ${debts.join(', ')}`
}

const pausedLine = ({ ledger, status: { atMs } }: Scene): string | null =>
  pausesAt(ledger, atMs).map((pause) => pauseText(pause, atMs)).join('; ') || null

const weakest = ({ vantages }: Config): string | null =>
  vantages.length === 1 ? 'one vantage alone: what it cannot reach looks down, whoever is at fault' : null

/** Vantages that abstain at every site, and why: their word is missing, whatever the others say. */
function missingVantages({ live, ground }: Scene): string[] {
  if (!live) return []
  const { watch, atMonoMs } = live
  return ground.core.vantages.flatMap(({ vantage }) => {
    const blind = watch.blind[vantage]
    if (blind !== undefined) return [`${vantage} abstains: it is blind (${blind})`]
    const lastMs = Math.max(-Infinity, ...Object.values(watch.votes).map((bySite) => bySite[vantage]?.atMs ?? -Infinity))
    const silent = Number.isFinite(lastMs) && atMonoMs - lastMs > voteFreshMs(ground.core)
    return silent ? [`${vantage} abstains: it has not answered for ${spell(atMonoMs - lastMs)}`] : []
  })
}

/** What is wrong with each DNS host. Where the store is not trusted, that stands above already. */
const dnsLines = ({ status, ledger }: Scene): [string, string][] =>
  status.dns.flatMap(({ host, state, detail }): [string, string][] => {
    if (detail) return ledger.trusted ? [['dns', detail]] : []
    return status.adopted && state === 'written' ? [['dns', `${host} took the change; not every name server was seen to show it`]] : []
  })

/** How old what the stacks say is: those that can be read in one line, each other in its own. */
function stackLines({ sites, atMs }: Status): string[] {
  const stacks = sites.flatMap(({ site, stack }) => (stack ? [{ site, ...stack, age: stack.readMs === null ? 'never read' : `read ${ago(stack.readMs, atMs)} ago` }] : []))
  const fine = stacks.filter(({ why }) => why === null).map(({ site, age }) => `${site} ${age}`)
  const failing = stacks.filter(({ why }) => why !== null).map(({ site, age, unreadSinceMs, why }) => `${site} ${age}; for ${ago(unreadSinceMs ?? atMs, atMs)}: ${why}`)
  return [...(fine.length > 0 ? [fine.join(' · ')] : []), ...failing]
}

/** What people were not told, channel by channel. */
const untoldLines = ({ untold, atMs, leader }: Status): string[] =>
  untold.map(({ channel, waiting, lost, sinceMs, why }) => {
    const waits = waiting > 0 ? [`${waiting} not told yet${leader ? '' : ', and nobody leads'}`] : []
    const given = lost > 0 ? [`${lost} given up`] : []
    // What was given up was older than anything that is still known.
    const failing = why !== null && sinceMs !== null ? [`for ${ago(sinceMs, atMs)}${lost > 0 ? ' at least' : ''} ${why}`] : []
    return `${channel}: ${[...waits, ...given, ...failing].join('; ')}. To try it: lifeboat notify`
  })

/** Is all as it should be: somebody watches, nothing is open or paused, every site is well, every DNS host serves what it should, and nobody was left untold? */
export function allWell({ adopted, move, leader, paused, sites, dns, decision, untold }: Status, ledger: Ledger): boolean {
  const calm = decision !== null && !reasons[decision.reason as Reason]?.alarm
  const well = sites.every(({ role, health, verdict }) => role === 'cold' || (health === 'up' && verdict === 'well' && role !== 'fenced'))
  return adopted && ledger.trusted && move === null && leader !== null && paused === null && calm && well && untold.length === 0 && dns.every(({ state, detail }) => state === 'served' && !detail)
}

import type { Settings } from '../config/settings.ts'
import { freshLedger } from '../core/ledger.ts'
import { spell } from '../core/explain.ts'
import { leavesData } from '../core/plan.ts'
import type { Ledger, Past } from '../core/types.ts'
import { reasons, type Reason } from '../core/words.ts'
import type { Report, StoreView } from '../ports.ts'
import type { Cli } from './cli.ts'
import { columns } from './columns.ts'
import type { SiteStatus, Status } from './snapshot.ts'
import { ago, clockTime, shortTime, took } from './times.ts'

type Scene = { cli: Cli; status: Status; settings: Settings; ledger: Ledger; view: StoreView; live: Report | null }

/** The screen at 3 a.m. (CONTRACT.md): what is so, and what to type next. */
export function screen(cli: Cli, status: Status, { settings, view, live }: { settings: Settings; view: StoreView; live: Report | null }): string[] {
  const scene: Scene = { cli, status, settings, ledger: view.ledger ?? freshLedger(settings.core), view, live }
  return [head(scene), ...table(scene), ...facts(scene).map(([word, text]) => `${word.padEnd(7)}  ${text}`)]
}

const head = ({ cli, status: { app, epoch, atMs, leader }, view }: Scene): string => {
  const last = view.report
  const seen = last ? `, last seen ${ago(last.atWallMs, atMs)} ago (${last.leader.id})` : ''
  const controller = leader ? `controller ${leader.id}, up ${ago(leader.sinceMs, atMs)}${leader.command === 'watch' ? '' : ` (${leader.command})`}` : cli.paint('red', `no controller${seen}`)
  return `${cli.paint('bold', app)} · epoch ${epoch} · ${clockTime(atMs)} UTC · ${controller}`
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
  const blind = cloud === 'none' && !said.includes(noEvidence) ? ` · ${noEvidence}` : ''
  return `${said}${certificate}${blind}`
}

/** The lines below the table; one that has nothing to say is left out. */
function facts(scene: Scene): [string, string][] {
  const { status, ledger, settings, cli } = scene
  const { core } = settings
  const lines: [string, string | null][] = [
    ['moving', movingLine(status)],
    ['moved', movedLine(scene)],
    ['now', status.decision && isWorthSaying(status.decision.reason) ? status.decision.sentence : null],
    ['paused', pausedLine(status)],
    ['policy', core.policy.automatic ? null : 'policy.automatic is false: it says what it would do, and does nothing'],
    ['data', leavesData(core) ? `${core.data.holds}: no driver carries them, so a move leaves them behind` : null],
    ['votes', weakest(settings)],
    ...dnsLines(scene),
    ['config', scene.live && scene.live.configHash !== settings.hash ? `the controller runs on another ${settings.file} than stands there now` : null],
    ['next', nextLine(status, ledger, settings)],
  ]
  return lines.flatMap(([word, text]): [string, string][] => (text === null ? [] : [[word, word === 'next' ? cli.paint('bold', text) : text]]))
}

const isWorthSaying = (reason: string): boolean => reason !== 'well' && reason !== 'move-open' && reason in reasons

const whence = (from: string | null, to: string): string => (from === null || from === to ? to : `${from} → ${to}`)

const doer = (by: string): string => (by === 'lifeboat' ? 'by itself' : `by ${by}`)

function movingLine({ move, atMs }: Status): string | null {
  if (!move) return null
  const at = move.steps.findLast(({ endedMs }) => endedMs === null)
  return `${move.kind} ${whence(move.from, move.to)}, epoch ${move.epoch}, ${doer(move.by)}, for ${ago(move.startedMs, atMs)}${at ? `; at ${at.step} for ${ago(at.startedMs, atMs)}` : ''}`
}

function movedLine({ status, ledger }: Scene): string | null {
  const past = ledger.past[0]
  if (!past) return null
  const { atMs, cooldownUntilMs } = status
  const stale = ledger.staleUntilMs
  const tail = stale !== null ? `; old answers ${stale > atMs ? 'end' : 'ended'} ${shortTime(stale, atMs)}` : ''
  const cooldown = cooldownUntilMs === null ? '' : `; cooldown until ${shortTime(cooldownUntilMs, atMs)}`
  return `${past.kind} ${whence(past.from, past.to)} ${shortTime(past.startedMs, atMs)}, ${doer(past.by)}, in ${took(past.endedMs - past.startedMs)}, ${endOf(past)}${tail}${cooldown}`
}

const endOf = ({ state, debts }: Past): string =>
  state === 'done' ? 'confirmed' : state === 'done-with-debts' ? `confirmed, and still to be brought up: ${debts.join(', ')}` : state

const pausedLine = ({ paused, atMs }: Status): string | null =>
  paused && `${paused.untilMs === null ? 'for ever' : `until ${shortTime(paused.untilMs, atMs)}`} by ${paused.by}${paused.why ? ` (${paused.why})` : ''}`

const weakest = ({ core }: Settings): string | null =>
  core.vantages.length === 1 ? 'one vantage alone: what it cannot reach looks down, whoever is at fault' : null

/** DNS hosts that do not serve what they should, and why. */
const dnsLines = ({ status, live }: Scene): [string, string][] =>
  status.adopted
    ? status.dns.flatMap(({ host, state }): [string, string][] => {
        const detail = live?.dns.find((each) => each.host === host)?.detail
        if (state === 'served' || state === null) return []
        return [['dns', state === 'written' ? `${host} took the change; not every name server of its shows it` : `${host} is a debt${detail ? `: ${detail}` : ''}`]]
      })
    : []

/** What to type now. Null: nothing. It never offers what would lose data without saying so. */
function nextLine({ adopted, move, leader, paused, sites }: Status, ledger: Ledger, { core }: Settings): string | null {
  if (!ledger.trusted) return 'this store may be an old copy, and nothing moves by itself: lifeboat adopt'
  if (!adopted && !move) return 'take over the names: lifeboat adopt'
  if (!leader) return `nobody watches${move ? ', and a move is under way' : ''}: lifeboat watch`
  if (move) return 'follow it: lifeboat status --watch'
  if (paused) return 'automatic moves on again: lifeboat resume'
  const preferred = sites[0]
  if (!preferred || preferred.role === 'active') return null
  const back = preferred.health === 'up' && preferred.verdict === 'well' ? `${preferred.site} is back` : `when ${preferred.site} is back`
  if (!leavesData(core)) return `${back}: lifeboat failback`
  const rejoin = preferred.role === 'fenced' ? `and its data is in order, lifeboat rejoin ${preferred.site}, then ` : ''
  return `${back}, ${rejoin}lifeboat failback --accept-loss all, which leaves ${core.data.holds} behind at ${ledger.active}`
}

/** Is all as it should be: somebody watches, nothing is open or paused, every site is well and every DNS host serves what it should? */
export function allWell({ adopted, move, leader, paused, sites, dns, decision }: Status, ledger: Ledger): boolean {
  const calm = decision !== null && !reasons[decision.reason as Reason]?.alarm
  const well = sites.every(({ role, health, verdict }) => role === 'cold' || (health === 'up' && verdict === 'well' && role !== 'fenced'))
  return adopted && ledger.trusted && move === null && leader !== null && paused === null && calm && well && dns.every(({ state }) => state === 'served')
}

// Plays a scenario over the real core: rounds in which every fact is scripted, decisions opened as moves, moves carried to their end.
import { admit, requested } from '../../src/core/admit.ts'
import { decide, nothingLifted, startsThisHour } from '../../src/core/decide.ts'
import { planName, sentenceOf } from '../../src/core/explain.ts'
import { closeMove, openMove, type Opening } from '../../src/core/ledger.ts'
import { next } from '../../src/core/next.ts'
import { siteInDoubt } from '../../src/core/observe.ts'
import { planHash } from '../../src/core/plan.ts'
import type { HostView, Next } from '../../src/core/moving.ts'
import type { Config, Decision, Lifted, Request, SiteWatch } from '../../src/core/types.ts'
import { upkeep } from '../../src/core/upkeep.ts'
import type { AnswerKind, Claim, AskedKind } from '../../src/core/words.ts'
import { formatMarker } from '../../src/core/marker.ts'
import { configOf, hostOf, ledgerOf, markerText, storyOf, viewOf, worldOf, type Story } from '../core/house.ts'
import { parseLine, type Line } from './script.ts'

type Play = {
  story: Story
  sees: Record<string, Record<string, AnswerKind>>
  deaf: Set<string>
  blind: Set<string>
  clouds: Map<string, { site: string; source: string; claim: Claim }>
  polled: Record<string, { atMs: number; doubted: boolean }>
  hosts: Record<string, HostView>
  dead: Set<string>
  moves: number
  stepSince: Record<string, number>
  saidDecision: string
  said: string[]
}

const settings: Record<string, (value: string) => Parameters<typeof configOf>[0]> = {
  'policy.automatic': (v) => ({ policy: { automatic: v === 'true' } }),
  'policy.failback': (v) => ({ policy: { failback: v as 'manual' | 'automatic' } }),
  'data.holds': (v) => ({ data: { holds: v } }),
  sites: (v) => ({ sites: configOf().sites.filter((s) => v.split(' ').includes(s.site)) }),
  dns: (v) => ({ dns: { hosts: Array.from({ length: Number(v) }, (_, i) => hostOf(i + 1)) } }),
}

const begin = (lines: Line[]): Play => {
  const given = lines.filter((l) => l.do === 'with')
  const config = configOf(Object.assign({}, ...given.filter((l) => !['active', 'start'].includes(l.key)).map((l) => settings[l.key]!(l.value))))
  const active = given.find((l) => l.key === 'active')?.value ?? 'aws'
  const story = storyOf(config, ledgerOf(config, { active }), false)
  if (!given.some((l) => l.key === 'start')) story.pass(60_000)
  const address = config.sites.find((s) => s.site === active)!.addresses
  const saidDecision = story.state.watch.at ? nameOf(decide(story.state, config)) : ''
  return {
    story, sees: {}, deaf: new Set(), blind: new Set(), clouds: new Map(), polled: {}, dead: new Set(), moves: 0, stepSince: {}, saidDecision, said: [],
    hosts: Object.fromEntries(config.dns.hosts.map((h) => [h.host, viewOf([markerText(7, active, 'pointed')], address)])),
  }
}

const clock = ({ story }: Play) => new Date(story.at.wallMs).toISOString().slice(11, 19)
const say = (play: Play, text: string) => play.said.push(`  ${clock(play)}  ${text}`)

/** The clouds' answers of this round: every 30 s, and at once when one of its sites comes into doubt. */
const readings = (play: Play) => {
  const due: { site: string; source: string; claim: Claim }[] = []
  for (const { site } of play.story.config.sites) {
    const { atMs, doubted } = play.polled[site] ?? { atMs: -Infinity, doubted: false }
    const doubt = siteInDoubt(play.story.state.watch, site)
    const nowMs = play.story.at.monoMs + play.story.config.check.intervalMs
    const poll = nowMs - atMs >= 30_000 || (doubt && !doubted)
    play.polled[site] = { atMs: poll ? nowMs : atMs, doubted: doubt }
    if (poll) due.push(...[...play.clouds.values()].filter((r) => r.site === site))
  }
  return due
}

const round = (play: Play, wallMs?: number) => {
  const { story } = play
  const { config } = story
  const before = story.state.watch
  const sees = Object.fromEntries(config.sites.map(({ site }) => [
    site, Object.fromEntries(config.vantages.map(({ vantage }) => [vantage, play.deaf.has(vantage) ? null : (play.sees[site]?.[vantage] ?? 'ok')])),
  ]))
  const canaries = Object.fromEntries([...play.blind].map((v) => [v, 0]))
  story.round({ sees, canaries, readings: readings(play), ...(wallMs === undefined ? {} : { wallMs }) })
  for (const { vantage } of config.vantages) {
    const blind = story.state.watch.blind[vantage]
    if ((before.blind[vantage] === undefined) !== (blind === undefined)) say(play, blind ? `${vantage} is blind (${blind}): it abstains` : `${vantage} sees again`)
  }
  for (const { site } of config.sites) sayHealth(play, site, before.sites[site])
  const kept = upkeep(story.state, config)
  for (const note of kept?.notes ?? []) say(play, note.msg)
  if (kept) story.state = { ...story.state, ledger: kept.ledger }
  if (story.state.ledger.move) step(play)
  decideNow(play)
}

const sayHealth = (play: Play, site: string, was: SiteWatch | undefined) => {
  const seen = play.story.state.watch.sites[site]!
  if (was?.health !== seen.health || was.verdict !== seen.verdict) say(play, `${site} is ${seen.health}: ${seen.why}`)
}

const nameOf = (d: Decision) => JSON.stringify([d.kind, d.reason, d.site, d.kind === 'refuse' ? d.would : null])

const decideNow = (play: Play) => {
  const { state, config } = play.story
  const decision = decide(state, config)
  if (nameOf(decision) !== play.saidDecision) say(play, sentenceOf(decision, state, config))
  play.saidDecision = nameOf(decision)
  if (decision.kind === 'move') open(play, { ...decision, cause: decision.reason })
}

const open = (play: Play, { plan, by, cause, lifted, automatic }: Pick<Opening, 'plan' | 'by' | 'cause' | 'lifted' | 'automatic'>) => {
  const { story } = play
  play.moves += 1
  play.stepSince = {}
  const id = `00000000-0000-4000-8000-${String(play.moves).padStart(12, '0')}`
  story.state = { ...story.state, ledger: openMove(story.state.ledger, { plan, id, decision: 'd', by, cause, lifted, automatic }, story.at) }
  say(play, `${planName(plan)} is opened as epoch ${story.state.ledger.epoch}`)
}

/** Carries the open move on until it waits or ends; what it writes at a host that lives is seen there at once. */
const step = (play: Play) => {
  const { story } = play
  for (let looks = 0; looks < 20; looks++) {
    const { move } = story.state.ledger
    if (!move) return
    const hosts = Object.fromEntries(Object.entries(play.hosts).map(([host, view]) => [host, play.dead.has(host) ? null : view]))
    const servers = Object.entries(hosts).map(([host, view]) => ({ server: host, zone: 'shop.example', host, ds: false, view }))
    const stepForMs = Object.fromEntries(Object.entries(play.stepSince).map(([s, ms]) => [s, story.at.monoMs - ms]))
    const found = next(move, worldOf(story, { hosts, servers, stepForMs, startsThisHour: startsThisHour(story.state) }), story.config)
    if (!act(play, found)) return
  }
}

/** True: something changed, so the world is worth another look. */
const act = (play: Play, found: Next): boolean => {
  const { story } = play
  const { ledger } = story.state
  const move = ledger.move!
  if (found.kind === 'wait') {
    if (play.stepSince[found.step] === undefined) say(play, `${found.step} waits: ${found.why}`)
    play.stepSince[found.step] ??= story.at.monoMs
    return false
  }
  if (found.kind === 'done') {
    story.state = { ...story.state, ledger: closeMove(ledger, move, { debts: found.debts, pointedMs: story.at.wallMs, sourceDown: story.state.watch.sites[move.from ?? '']?.health === 'down' }, story.config, story.at) }
    say(play, `${planName(move)} is confirmed${found.debts.length > 0 ? `; still to be brought up: ${found.debts.join(', ')}` : ''}`)
    return true
  }
  if (found.kind === 'abort') {
    say(play, `${planName(move)} is ${found.as}: ${found.why}`)
    if (found.to === null) throw new Error('no scenario has a second controller')
    const plan = { ...move, kind: found.move, from: ledger.active, to: found.to, addresses: story.config.sites.find((s) => s.site === found.to)!.addresses }
    open(play, { plan: { kind: plan.kind, from: plan.from, to: plan.to, addresses: plan.addresses, steps: plan.steps }, by: move.by, cause: 'redirect', lifted: nothingLifted, automatic: move.promoteTried })
    return true
  }
  for (const effect of found.effects) {
    if (effect.do === 'commit') story.state = { ...story.state, ledger: effect.ledger }
    if (effect.do === 'write')
      play.hosts[effect.host] = effect.addresses ? viewOf([formatMarker(effect.marker)], effect.addresses) : { ...effect.view, txt: [formatMarker(effect.marker)] }
  }
  say(play, `${found.step}: ${found.effects.map((e) => (e.do === 'write' ? e.host : 'ledger')).join(', ')}`)
  return true
}

const flags: Record<string, keyof Lifted> = { '--force': 'force', '--unready': 'unready', '--unfenced': 'unfenced', '--accept-loss': 'acceptLoss' }

const requestOf = (play: Play, by: string, [name, ...rest]: string[]): Request => {
  const { story } = play
  const base = { id: `r${play.moves}`, by, expiresMs: story.at.wallMs + 60_000 }
  const words = rest.filter((w) => !w.startsWith('--') && w !== 'all')
  if (name === 'pause') return { ...base, what: 'pause', untilMs: null, why: words.join(' ') }
  if (name === 'resume') return { ...base, what: 'resume' }
  if (name === 'rejoin') return { ...base, what: 'rejoin', site: words[0]! }
  const lifted = { ...nothingLifted, ...Object.fromEntries(rest.flatMap((w) => (flags[w] ? [[flags[w], true]] : []))) }
  const asked = { kind: name as AskedKind, to: words[0] ?? null }
  const plan = requested(story.state, story.config, asked)
  return { ...base, what: 'move', ...asked, lifted, planHash: 'reason' in plan ? '' : planHash(plan, story.state.ledger.epoch + 1) }
}

const ask = (play: Play, by: string, command: string[]) => {
  const { story } = play
  const decision = admit(story.state, story.config, requestOf(play, by, command))
  say(play, sentenceOf(decision, story.state, story.config))
  if (decision.kind === 'set') story.state = { ...story.state, ledger: decision.ledger }
  if (decision.kind === 'move') open(play, { ...decision, cause: 'request' })
}

const perform = (play: Play, line: Line) => {
  const all = play.story.config.vantages.map((v) => v.vantage)
  if (line.do === 'pass') for (const endMs = play.story.at.monoMs + line.ms; play.story.at.monoMs < endMs; ) round(play)
  if (line.do === 'sleep') round(play, line.ms)
  if (line.do === 'see') for (const vantage of line.from ?? all) (play.sees[line.site] ??= {})[vantage] = line.kind
  if (line.do === 'canaries') play.blind[line.well ? 'delete' : 'add'](line.vantage)
  if (line.do === 'hear') play.deaf[line.heard ? 'delete' : 'add'](line.vantage)
  if (line.do === 'host') play.dead[line.state === 'dead' ? 'add' : 'delete'](line.host)
  if (line.do === 'read' && line.claim === null) play.clouds.delete(`${line.site} ${line.source}`)
  if (line.do === 'read' && line.claim) play.clouds.set(`${line.site} ${line.source}`, { site: line.site, source: line.source, claim: line.claim })
  if (line.do === 'ask') ask(play, line.by, line.command)
}

/** The scenario with what is said after each of its lines, in place of what it said before. */
export const playScenario = (text: string): { transcript: string; config: Config } => {
  const script = text.split('\n').filter((line) => !line.startsWith(' '))
  const play = begin(script.map(parseLine).filter((line) => line !== null))
  const lines = script.flatMap((raw) => {
    const line = parseLine(raw)
    if (line) perform(play, line)
    return [raw, ...play.said.splice(0)]
  })
  return { transcript: lines.join('\n'), config: play.story.config }
}

// Faults to be put in on purpose: each is a patch of src or of the twins, named by what goes wrong.

export type Patch = { file: string; from: string; to: string }
export type Mutant = { name: string; patches: Patch[] }

const one = (name: string, file: string, from: string, to: string): Mutant => ({ name, patches: [{ file, from, to }] })

const order = "'claim', 'drain', 'fence', 'caught-up', 'promote', 'shift', 'point', 'confirm'"
const steps = (name: string, to: string) => one(name, 'src/core/words.ts', order, to)
const next = 'src/core/next.ts'

/** Each of them the seeds must see. */
export const mutants: Mutant[] = [
  steps('swap fence and promote', "'claim', 'drain', 'promote', 'caught-up', 'fence', 'shift', 'point', 'confirm'"),
  steps('swap promote and point', "'claim', 'drain', 'fence', 'caught-up', 'point', 'shift', 'promote', 'confirm'"),
  one('fence believes any closed site', next, 'if (seen && !seen.open && seen.epoch >= move.epoch) return reached', 'if (seen && !seen.open) return reached'),
  one('fence wait counted from nothing', next, 'fencedForMs >= fenceWaitMs) return reached', 'fencedForMs >= 0) return reached'),
  one('fence wait on the wall clock, from the start of the move', 'src/controller/mover.ts', 'fencedForMs: run.fencedSinceMs === null ? null : at.monoMs - run.fencedSinceMs', 'fencedForMs: run.fencedSinceMs === null ? null : at.wallMs - move.startedMs'),
  one('adoption of a lost store waits for no lease', next, 'return leftMs <= 0 ? reached', 'return leftMs <= fenceWaitMs ? reached'),
  one('successor does not wait', 'src/controller/leading.ts', 'held.lease.unclean ? callMs.write : 0', '0'),
  one('whoever thinks so acts', 'src/controller/self.ts', 'return self.lease !== null && monoMs >= self.actFromMs', 'return self.lease === null || monoMs >= 0 || monoMs >= self.actFromMs'),
  one('epoch reused on redirect', 'src/core/ledger.ts', 'Math.max(ledger.epoch, found?.seenEpoch ?? 0) + 1', 'Math.max(ledger.epoch, found?.seenEpoch ?? 0) + (ledger.move ? 0 : 1)'),
  one('lease pushed instead of pulled', 'test/simulation/sites.ts', 'guard.promoted = epoch\n', 'guard.promoted = guard.epoch = epoch\n          guard.lease = { epoch, untilMs: guardMs(guard, scheduler.nowMs()) + leaseMs }\n'),
  one('lease counted from the answer', 'test/simulation/sites.ts', 'untilMs: askedMs + leaseMs', 'untilMs: askedMs * 0 + guardMs(guard, scheduler.nowMs()) + leaseMs'),
  one('a later epoch is written over', 'src/core/upkeep.ts', "    case 'older':\n", "    case 'older':\n    case 'newer':\n"),
  one('stale reconcile writes its own epoch', 'src/controller/tending.ts', '  const view = self.hosts[host.host]\n', '  await self.parts.clock.sleep(5_000, signal)\n  const view = await readHost(self, host.host, signal)\n'),
  one("swap's prerequisite dropped", 'test/simulation/dns-hosts.ts', 'if (!prerequisitesHold(zone, change)) {', 'if (zone.records.length < 0 && !prerequisitesHold(zone, change)) {'),
  one('TXT absent = free', 'src/core/upkeep.ts', 'if (ledger.hosts[host.host] === undefined) return bring', 'if (ledger.hosts[host.host] === undefined || view.txt.length === 0) return bring'),
  one('steps are not journaled before', 'src/controller/mover.ts', '  await self.book.note(entries)\n', '  if (found.kind === \'done\') await self.book.note(entries)\n'),
  one('decision is not journaled before', 'src/controller/round.ts', "if (!(await self.book.note([self.book.entry('decision', sentence, fields, snapshot)]))) return", "if (decision.kind !== 'move' && !(await self.book.note([self.book.entry('decision', sentence, fields, snapshot)]))) return"),
  one('resume without re-reading the world', 'src/controller/mover.ts', '  if (waiting) return\n', '  if (waiting || self.hosts[host]) return\n'),
  one('cooldown from the decision', 'src/core/observe.ts', 'endedMs + config.policy.cooldownMs', 'endedMs * 0 + startedMs + config.policy.cooldownMs'),
  one('no cooldown', 'src/core/decide.ts', "cause === 'request' || cooledDown(state, s, aheadMs)", "cause === 'request' || cooledDown(state, s, aheadMs) || cause !== 'request'"),
  one('no unfence on abort', next, 'activeEpoch: epoch, fenced: false', 'activeEpoch: epoch, fenced: world.ledger.fenced && move.kind === \'repoint\''),
  one('pause stops an open move', 'src/controller.ts', 'self.book.ledger().move !== null) await runMove', 'self.book.ledger().move !== null && self.book.ledger().pause === null) await runMove'),
  one('pause stops nothing', 'src/core/decide.ts', "if (state.ledger.pause) return 'paused'", "if (state.ledger.pause && cause === 'request') return 'paused'"),
  one('automatic without being told', 'src/core/decide.ts', "if (!config.policy.automatic) return 'automatic-off'", "if (!config.policy.automatic && cause === 'request') return 'automatic-off'"),
  one('one command that ends lifts the pause of another', 'src/core/admit.ts', 'request.holder === undefined || holder === request.holder', 'request.holder === undefined || holder !== undefined'),
  one('no cap', 'src/core/decide.ts', 'return startsThisHour(state) >= config.policy.maxMovesPerHour', 'return startsThisHour(state) >= Infinity * config.policy.maxMovesPerHour'),
  one('time-out = down', 'src/controller/round.ts', '    if (!sight) continue\n', "    if (!sight) {\n      for (const site of new Set(asked.map((q) => q.site))) probes.push({ vantage, site, atMs, answers: [{ kind: 'silent', address: '', detail: '', ms: 0, certificateUntilMs: null }] })\n      continue\n    }\n"),
  one('abstention shrinks the quorum', 'src/core/votes.ts', 'quorum: quorumOf(config, site), up: saying', "quorum: Math.floor((saying('up').length + saying('down').length) / 2) + 1, up: saying"),
  one('own-cloud vote counted', 'src/core/votes.ts', "v.cloud === 'none' || v.cloud !== site.cloud", "v.cloud === 'none' || v.cloud !== site.cloud || v.cloud === site.cloud"),
  one('blind vantages vote', 'src/core/votes.ts', 'if (reset || blind[vantage]) mine', 'if (reset) mine'),
  one('rise = fall', 'src/core/votes.ts', 'run >= config.check.rise', 'run >= config.check.fall'),
  one('one failed round is enough', 'src/core/votes.ts', 'run <= -config.check.fall', 'run <= -1'),
  one('a stalled round counts', 'src/core/observe.ts', 'return monoMs > longestMs ?', 'return monoMs > Infinity * longestMs ?'),
  one('a start rests on what was seen before a stop', 'src/controller/round.ts', '|| isStale(self)) return null', ') return null'),
  one('a move rests on what was seen before a stop', 'src/controller/mover.ts', 'sites: isStale(self) ? {} : self', 'sites: self'),
  one('second reading at once', 'src/core/verdict.ts', 'e.lastMs - e.firstMs >= config.policy.confirmCutMs', 'e.lastMs - e.firstMs >= 0 * config.policy.confirmCutMs'),
  one('outage budget is not waited for', 'src/core/decide.ts', 'if (budgetLeftMs(seen, state, config, budgetMs) > 0)', 'if (budgetLeftMs(seen, state, config, budgetMs) > Infinity)'),
  one('confirm by API 200', 'src/core/move-hosts.ts', "if (written && every(servers)) return 'served'", "if (written) return 'served'"),
  one('old removed before new added', 'test/simulation/dns-hosts.ts', 'await (free ? update(signal, free.id, value, set.ttlS) : create(', 'if (free) await remove(signal, free.id)\n          await (create('),
  one('AAAA forgotten', 'src/core/zone.ts', "const types: Type[] = ['A', 'AAAA', 'CNAME']", "const types: Type[] = ['A', 'CNAME']"),
  one('debt blocks the move', next, 'if (missing.length > 0) return wait', 'if (missing.length > 0 || showing < servers) return wait'),
  { name: 'request without expiry', patches: [{ file: 'src/controller/requests.ts', from: 'if (leftMs <= 0) return null', to: '' }, { file: 'src/store/memory.ts', from: 'requests.filter(({ taken, expiresMs }) => !taken && expiresMs > nowMs)', to: 'requests.filter(({ taken }) => !taken && nowMs > 0)' }, { file: 'src/store/memory.ts', from: 'request.expiresMs <= nowMs', to: 'request.expiresMs <= 0' }] },
  one('request is not taken with its move', 'src/store/memory.ts', 'if (taken) taken.taken = true', 'if (taken) taken.taken = false'),
  one('another plan than was agreed to', 'src/core/admit.ts', 'const agreed = request.planHash === planHash(plan, ledger.epoch + 1)', 'const agreed = request.planHash.length > 0 || request.planHash === planHash(plan, ledger.epoch + 1)'),
  one('--force skips the fence', next, 'source === null || move.lifted.unfenced', 'source === null || move.lifted.unfenced || move.lifted.force'),
  one('null lag = 0', next, 'world.data[move.to]?.lagBytes ?? null', 'world.data[move.to]?.lagBytes ?? 0'),
  one('a planned move does not wait for the rest', next, 'return lagBytes === 0 ? reached', 'return lagBytes >= 0 ? reached'),
  one('all down → pick the first', 'src/core/decide.ts', 'cooledDown(state, s, aheadMs)) ?? null', 'cooledDown(state, s, aheadMs)) ?? others(state, config)[0] ?? null'),
  {
    name: 'a dead target is not left',
    patches: [
      { file: next, from: 'const to = sourceWell ? move.from! : elsewhere(move, world, config)\n    return to === null', to: 'const to = null as string | null\n    return to === null' },
      { file: next, from: 'if (readyMs > readyMostMs &&', to: 'if (readyMs > Infinity &&' },
    ],
  },
]

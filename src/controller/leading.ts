// Who leads, and by which file.
//
// Two controllers, two files (CONTRACT.md, `check --accept`). The ledger names the file in force: that of the last `watch` that led, or
// one that a person accepted since. Who comes to lead puts its own in force, so a plain restart with a changed file takes it. But a
// controller that meets a live leader while the file in force is another than its own, or sees another come in force while it stands by,
// watches without leading, after that leader's end too: until its own is in force, it reads its file anew, or is started again. An
// accepted file takes the lead from nobody: who leads by another says so and goes on until it ends or loses its lease, since nobody may
// stand by to take over. A command that acts by itself for one request uses its file as it is, and neither puts it in force nor is kept
// from leading.

import { clockDriftMs } from '../core/limits.ts'
import { newestWallMs } from '../core/ledger.ts'
import { spell } from '../core/spell.ts'
import type { FileInForce, Ledger } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Leader, Report } from '../ports.ts'
import { differenceSentence } from './difference.ts'
import { callMs, reportFreshMs } from './times.ts'
import { isLeading, say, type Self } from './self.ts'

/** One turn: comes to lead where nobody does, and says who leads instead. `ownMoves` false: one command's process. */
export async function lead(self: Self, ownMoves: boolean): Promise<void> {
  const { store, leader, clock } = self.parts
  if (isLeading(self)) {
    if (!self.entered) await enter(self, ownMoves)
    else if (ownMoves) meetFile(self, ({ leader: by }) => by === null)
    return
  }
  if (self.lease) {
    say(self, 'error', 'leader', 'the lease ran out: this controller watches until it leads again')
    self.lease = null
  }
  const { ledger, report } = await self.book.refresh()
  const aheadMs = newestWallMs(ledger, report?.atWallMs ?? 0) - clock.now().wallMs
  if (aheadMs > clockDriftMs) throw new Said(`this machine's clock is ${spell(aheadMs)} behind the newest entry of the journal: it does not lead`)
  if (self.fileAtStart === undefined) self.fileAtStart = ledger?.file?.hash ?? null
  else if (ownMoves) meetFile(self, ({ hash }) => hash !== self.fileAtStart)
  if (isKeptBack(self)) return sayWhileKeptBack(self, report)
  const held = await store.lead(leader)
  if ('heldBy' in held) {
    sayLeader(self, held.heldBy)
    return ownMoves ? meetFile(self, ({ leader: by }) => by === null || by === held.heldBy?.id) : undefined
  }
  self.actFromMs = clock.now().monoMs + (held.lease.unclean ? callMs.write : 0)
  self.lease = held.lease
  self.entered = false
  await self.book.refresh()
  await enter(self, ownMoves)
}

/** Says in the store who leads, and by which file; where that fails, the next turn says it. */
async function enter(self: Self, ownMoves: boolean): Promise<void> {
  const { leader } = self.parts
  const fields = { leader: leader.id, pid: leader.pid }
  let told: string | null = null
  const ledger = await self.book.change((now) => {
    const entries = [self.book.entry('leader', `${leader.id} leads`, fields)]
    if (!ownMoves) return { ledger: now, entries }
    const { file, msg } = putInForce(self, now)
    told = now.file ? msg : null
    return { ledger: { ...now, file }, entries: msg === null ? entries : [...entries, self.book.entry('config', msg, { hash: file.hash })] }
  })
  if (ledger === null) return
  self.entered = true
  const unclean = self.lease?.unclean ? `; the one before it did not end in order, so nothing is written for ${callMs.write / 1000} s` : ''
  say(self, 'info', 'leader', `this controller leads (${leader.id})${unclean}`, { leader: leader.id })
  if (told !== null) say(self, 'info', 'config', told, { hash: self.parts.configHash })
  self.standsBy = null
  self.dnsReadMs = null
}

/** `msg` null: it is in force already. */
function putInForce({ parts }: Self, { file: before }: Ledger): { file: FileInForce; msg: string | null } {
  const { configHash: hash, written, leader } = parts
  const file = { hash, written, leader: leader.id }
  if (!before) return { file, msg: `${leader.id} leads by the first file` }
  const since = before.leader === null ? 'since one was accepted' : `since ${before.leader} led`
  return { file, msg: before.hash === hash ? null : `the file has changed ${since}: ${differenceSentence(before.written, written)}` }
}

/** A file in force that is another than this controller's own is said once. `counts`: does somebody stand behind it who lives, or a person? */
function meetFile(self: Self, counts: (file: FileInForce) => boolean): void {
  const { file } = self.book.ledger()
  const { configHash, written } = self.parts
  if (!file || file.hash === configHash || file.hash === self.otherFile || !counts(file)) return
  self.otherFile = file.hash
  const whose = file.leader === null ? 'another file than this one was accepted' : `${file.leader} leads by another file`
  const then = isLeading(self)
    ? 'this controller leads by its own until it ends. To take the other: SIGHUP where it stands there'
    : 'this controller watches, and does not come to lead. To let it: lifeboat check --accept'
  say(self, 'warn', 'config', `${whose} (from that to this: ${differenceSentence(file.written, written)}): ${then}`, { hash: file.hash })
}

/** True: it met a live leader by another file, and its own is not in force yet. */
function isKeptBack(self: Self): boolean {
  if (self.otherFile === null) return false
  if (self.book.ledger().file?.hash !== self.parts.configHash) return true
  self.otherFile = null
  say(self, 'info', 'config', "this controller's file is in force: it may lead", { hash: self.parts.configHash })
  return false
}

/** It asks nobody for the lease, so the report alone shows whether somebody leads. */
function sayWhileKeptBack(self: Self, report: Report | null): void {
  if (report && !report.ended && Math.abs(self.parts.clock.now().wallMs - report.atWallMs) < reportFreshMs) return sayLeader(self, report.leader)
  if (self.standsBy === 'nobody') return
  self.standsBy = 'nobody'
  say(self, 'error', 'leader', 'nobody leads, and this controller does not either, since its file is not the one in force. To let it: lifeboat check --accept', { leader: null })
}

function sayLeader(self: Self, heldBy: Leader | null): void {
  const who = heldBy ? `${heldBy.id}, process ${heldBy.pid} on ${heldBy.machine}` : 'another process'
  if (self.standsBy === who) return
  self.standsBy = who
  say(self, 'info', 'leader', `${who} leads: this controller stands by`, { leader: heldBy?.id ?? null })
}

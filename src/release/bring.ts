// One release to one site. Its host does the work (on-host.sh), step by step as it is told, and undoes what is not told to its end.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { openSsh, pinnedKeys, type SshPlace } from '../drivers/ssh.ts'
import { Said } from '../errors.ts'
import { hostLayout } from '../host-layout.ts'
import type { Release } from './release.ts'
import { failureSaid, lostSaid, type Phase } from './trouble.ts'

const script = readFileSync(new URL('on-host.sh', import.meta.url), 'utf8')

/** How long each answer of the host is waited for, and how long the app may take to be well; `every`: between two looks at it. A pull may be gigabytes. */
export const bringMs = { ready: 30_000, received: 120_000, pulled: 1_800_000, up: 600_000, well: 120_000, every: 1_000, kept: 30_000 }

/** How many times in a row the app must be well. */
const looksGood = 3
/** What was begun is undone by the host; nobody who typed Ctrl-C waits longer to hear of it. */
const stopMostMs = 60_000

/**
 * What one bringing needs. `look`: one look at the site; null: it is well, else why not. `signal`: stops it, and what was begun is undone.
 * `mayReplace`: hears the id of what runs there before anything is sent, null: nothing; throws Said where that must stay.
 */
export type Bringing = {
  site: string
  app: string
  place: SshPlace
  release: Release
  clock: Clock
  signal: AbortSignal
  look(signal: AbortSignal): Promise<string | null>
  mayReplace?(before: string | null): void
  says(line: string): void
  limits?: Partial<typeof bringMs>
}

/** Gives the id of the release that ran there before; null: none did. Throws Said where the site was left as it was, or where that is not known. */
export async function bring(bringing: Bringing): Promise<string | null> {
  const { place, clock, says, signal } = bringing
  const isFirst = pinnedKeys(place).length === 0
  const over = new AbortController()
  const limits = { ...bringMs, ...bringing.limits }
  const talk = talkOf(bringing, limits)
  const stop = (): void => {
    talk.close()
    clock.sleep(stopMostMs, over.signal).then(talk.kill, () => {}) // It has ended in order meanwhile.
  }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const showKeys = (): void => {
    if (isFirst) for (const { type, print } of pinnedKeys(place)) says(`first contact: its host key is ${print} (${type}), pinned from now on in ${place.knownHosts}`)
  }
  try {
    const before = (await talk.hear('ready', limits.ready).finally(showKeys)).split('-').at(-1) || null
    bringing.mayReplace?.(before)
    await steps(bringing, talk, limits)
    return before
  } finally {
    signal.removeEventListener('abort', stop)
    await talk.end()
    over.abort()
  }
}

async function steps(bringing: Bringing, talk: Talk, limits: typeof bringMs): Promise<void> {
  const { release, clock, says } = bringing
  const timed = async (what: string, word: string, limitMs: number): Promise<void> => {
    const { monoMs } = clock.now()
    await talk.hear(word, limitMs)
    says(`${what} in ${((clock.now().monoMs - monoMs) / 1000).toFixed(1)} s`)
  }
  for (const part of framesOf(release)) talk.send(part)
  await talk.hear('received', limits.received)
  says('pulling the images')
  await timed('its images are there', 'pulled', limits.pulled)
  talk.enter('begun')
  talk.send('go\n')
  await timed('started', 'up', limits.up)
  const unwell = await lookUntilWell(bringing, talk, limits)
  if (unwell === null) {
    talk.enter('told')
    talk.send('keep\n')
    return void (await talk.hear('kept', limits.kept))
  }
  talk.unwell(unwell)
  talk.send('back\n')
  await talk.hear('kept', limits.up)
}

/** Null: it is well; else what was wrong at the last look. */
async function lookUntilWell({ look, clock, says, signal }: Bringing, talk: Talk, limits: typeof bringMs): Promise<string | null> {
  const untilMs = clock.now().monoMs + limits.well
  let told: string | null = null
  for (let good = 0; ; ) {
    const looked = look(signal).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown
      return null
    })
    // A connection that is lost comes first: what is seen of the app then is of no use to its host.
    const why = await Promise.race([talk.ended, looked])
    if (signal.aborted) return 'it was stopped'
    good = why === null ? good + 1 : 0
    if (good === looksGood) return null
    if (why !== null && why !== told) says(`not well yet: ${(told = why)}`)
    if (clock.now().monoMs > untilMs) return why ?? 'it was not well for long enough'
    await clock.sleep(limits.every)
  }
}

/** Each file as its host hears it: what is to come, then its bytes. */
function framesOf({ files }: Release): (string | Buffer)[] {
  const frames = Object.entries(files).flatMap(([file, text]) => {
    const bytes = Buffer.from(text)
    return [`600 ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')} ${file}\n`, bytes]
  })
  return [...frames, 'end\n']
}

type Talk = {
  /** What stands behind this word, when it comes; throws Said where it does not. */
  hear(word: string, limitMs: number): Promise<string>
  send(what: string | Uint8Array): void
  /** From here on, what was begun at the site matters to what is said of an end. */
  enter(phase: Phase): void
  unwell(why: string): void
  close(): void
  kill(): void
  /** Rejects with what is to be said when the connection ends. */
  ended: Promise<never>
  end(): Promise<void>
}

function talkOf({ site, app, place, release, clock, signal, says }: Bringing, limits: typeof bringMs): Talk {
  const seconds = (ms: number): string => String(Math.ceil(ms / 1000))
  // The host waits longer than we do, for as long as the connection stands: it is us who give up.
  const { release: releases, certificate, reload } = hostLayout
  const words = ['bash', '-c', script, 'lifeboat', app, release.name, releases, certificate, reload.join(' '), seconds(limits.received), seconds(limits.well * 2)]
  const session = openSsh(place, words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '))
  let phase: Phase = 'asked'
  let why: string | null = null
  const lost = async (): Promise<Said> => lostSaid({ site, place, phase, stopped: signal.aborted, end: await session.ended })
  const ended = session.ended.then(async () => Promise.reject(await lost()))
  ended.catch(() => {}) // It is heard where it is waited for.
  const hear = async (word: string, limitMs: number): Promise<string> => {
    const limit = clock.deadline(limitMs)
    for (;;) {
      const line = await session.line(limit).catch(async (thrown: unknown) => {
        if (!limit.aborted) throw thrown
        session.kill()
        return null
      })
      if (line === null) throw await lost()
      const [first, ...rest] = line.split(' ')
      if (first === word) {
        if (phase === 'asked') phase = 'heard'
        return rest.join(' ')
      }
      if (first === '|') says(`  ${rest.join(' ')}`)
      if (first === 'failed') throw failureSaid({ site, what: rest, why, stopped: signal.aborted })
    }
  }
  return {
    hear, ended,
    send: session.send,
    enter: (next) => void (phase = next),
    unwell: (what) => void (why = what),
    close: session.close,
    kill: session.kill,
    end: async () => {
      session.close()
      await session.ended
    },
  }
}

/** True time, which no actor can read: events in their order, one after the other. */
export type Scheduler = {
  nowMs(): number
  at(atMs: number, run: () => void): void
  after(ms: number, run: () => void): void
  /** Says that the event under way woke code that awaits: it is let run to its end before the next event. */
  woke(): void
  /** Runs events until then, or until `stop` says so; `seen` is called after each one that changed something. */
  run(untilMs: number, seen: () => void, stop: () => boolean): Promise<void>
}

type Event = { atMs: number; seq: number; run: () => void }

const before = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.seq < b.seq)

/** Every microtask that is due, and those that they bring about. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

export function newScheduler(): Scheduler {
  const heap: Event[] = []
  let nowMs = 0
  let seq = 0
  let awake = false
  const push = (event: Event) => {
    let i = heap.push(event) - 1
    for (let up = (i - 1) >> 1; i > 0 && before(event, heap[up]!); up = (i - 1) >> 1) {
      heap[i] = heap[up]!
      i = up
    }
    heap[i] = event
  }
  const pop = (): Event => {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let i = 0
    for (let down = 1; down < heap.length; down = 2 * i + 1) {
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++
      if (!before(heap[down]!, last)) break
      heap[i] = heap[down]!
      i = down
    }
    heap[i] = last
    return top
  }
  const at = (atMs: number, run: () => void) => push({ atMs: Math.max(atMs, nowMs), seq: seq++, run })
  return {
    nowMs: () => nowMs,
    at,
    after: (ms, run) => at(nowMs + ms, run),
    woke: () => void (awake = true),
    run: async (untilMs, seen, stop) => {
      await settle()
      while (heap.length > 0 && heap[0]!.atMs <= untilMs && !stop()) {
        const event = pop()
        nowMs = event.atMs
        event.run()
        if (awake) await settle()
        awake = false
        seen()
      }
      nowMs = Math.max(nowMs, untilMs)
    },
  }
}

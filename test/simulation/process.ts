import type { Clock } from '../../src/clock.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** One machine's two clocks. Monotonic time drifts and stands still while the machine is suspended; wall time jumps. */
export type Machine = { name: string; rate: number; suspendedMs: number; wallOffMs: number; baseMonoMs: number }

export const epochWallMs = 1_790_000_000_000

export const newMachine = (name: string, random: Random): Machine => ({
  name,
  rate: random.between(0.95, 1.05),
  suspendedMs: 0,
  wallOffMs: random.between(-500, 500),
  baseMonoMs: Math.floor(random.between(1_000, 10_000_000)),
})

/** A process of the product: its code runs only where an event is delivered to it. Dead or stopped ones get none. */
export type Process = {
  name: string
  machine: Machine
  clock: Clock
  alive(): boolean
  stopped(): boolean
  monoMs(): number
  deliver(run: () => void): void
  /** Every continuation of a dead process never comes; what it has under way outside goes on. */
  kill(why: string): void
  /** SIGSTOP: deadlines go on, and all that was due comes at once afterwards. `suspend`: its monotonic clock stands still too. */
  stop(ms: number, suspend: boolean): void
  /** May end the process here: called wherever its code waits or acts. */
  mayCrash(where: string): void
  /**
   * A call to the outside: the request travels, `apply` happens there, the answer travels back. Each may be late, lost or doubled; an
   * abort ends the waiting alone.
   */
  call<T>(what: Call<T>, signal: AbortSignal | undefined): Promise<T>
}

export type Call<T> = { edge: string; apply: () => T; late?: number; lateChance?: number; again?: boolean }

/** What befalls a process at one of its awaits. Null: nothing. */
export type Mishap = { crash: true } | { crash: false; ms: number; suspend: boolean }
export type Hooks = { mishap: (process: Process) => Mishap | null; killed: (process: Process, why: string) => void; line: (who: string, text: string) => void }

export function newProcess(name: string, machine: Machine, scheduler: Scheduler, network: Network, random: Random, hooks: Hooks): Process {
  let alive = true
  let stoppedUntilMs: number | null = null
  let backlog: (() => void)[] = []
  const children = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

  const monoMs = () => machine.baseMonoMs + (scheduler.nowMs() - suspendedMs()) * machine.rate
  let suspendedSinceMs: number | null = null
  const suspendedMs = () => machine.suspendedMs + (suspendedSinceMs === null ? 0 : scheduler.nowMs() - suspendedSinceMs)

  const deliver = (run: () => void): void => {
    if (!alive) return
    if (stoppedUntilMs !== null) return void backlog.push(run)
    scheduler.woke()
    run()
  }

  /** Calls `aborted` when the signal does; the answer ends that. */
  const follow = (signal: AbortSignal | undefined, aborted: (reason: unknown) => void): (() => void) => {
    if (!signal) return () => {}
    if (signal.aborted) {
      aborted(signal.reason)
      return () => {}
    }
    const known = children.get(signal)
    const followers = known ?? new Set()
    if (!known) {
      children.set(signal, followers)
      signal.addEventListener('abort', () => {
        for (const each of [...followers]) each(signal.reason)
        followers.clear()
      })
    }
    followers.add(aborted)
    return () => void followers.delete(aborted)
  }

  const timer = (ms: number, run: () => void): void => {
    const dueMs = monoMs() + ms
    const arm = () =>
      scheduler.after(Math.max(0, dueMs - monoMs()) / machine.rate, () => deliver(() => (monoMs() + 0.001 < dueMs ? arm() : run())))
    arm()
  }

  /** The end of a stop; of a dead process only its machine wakes. */
  const goOn = () => {
    if (suspendedSinceMs !== null) machine.suspendedMs += scheduler.nowMs() - suspendedSinceMs
    suspendedSinceMs = stoppedUntilMs = null
    for (const run of backlog.splice(0)) scheduler.after(0, () => deliver(run))
  }

  const process: Process = {
    name,
    machine,
    alive: () => alive,
    stopped: () => stoppedUntilMs !== null,
    monoMs,
    deliver,
    kill: (why) => {
      if (!alive) return
      alive = false
      backlog = []
      goOn()
      hooks.killed(process, why)
    },
    stop: (ms, suspend) => {
      if (!alive || stoppedUntilMs !== null) return
      stoppedUntilMs = scheduler.nowMs() + ms
      if (suspend) suspendedSinceMs = scheduler.nowMs()
      scheduler.after(ms, goOn)
    },
    mayCrash: (where) => {
      const mishap = alive ? hooks.mishap(process) : null
      if (mishap?.crash) process.kill(`crash ${where}`)
      else if (mishap) {
        hooks.line(name, `is ${mishap.suspend ? 'suspended' : 'stopped'} ${where} for ${Math.round(mishap.ms)} ms`)
        process.stop(mishap.ms, mishap.suspend)
      }
    },
    clock: {
      now: () => ({ monoMs: monoMs(), wallMs: Math.round(epochWallMs + scheduler.nowMs() + machine.wallOffMs) }),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          const done = follow(signal, reject)
          timer(ms, () => {
            done()
            resolve()
          })
        }),
      deadline: (ms, parent) => {
        const controller = new AbortController()
        const done = follow(parent, (reason) => controller.abort(reason))
        timer(ms, () => {
          done()
          controller.abort(new DOMException('the deadline passed', 'TimeoutError'))
        })
        return controller.signal
      },
      random: () => random.next(),
      id: () => random.uuid(),
    },
    call: <T>({ edge, apply, late = 0, lateChance, again = false }: Call<T>, signal: AbortSignal | undefined) =>
      new Promise<T>((resolve, reject) => {
        process.mayCrash(`before ${edge}`)
        if (!alive) return
        const done = follow(signal, reject)
        if (signal?.aborted) return
        const { thereMs, backMs, againMs } = network.fate(edge, late, again, lateChance)
        if (againMs !== null) scheduler.after(againMs, () => void apply())
        if (thereMs === null) return
        scheduler.after(thereMs, () => {
          const answer = apply()
          process.mayCrash(`after ${edge}`)
          if (backMs === null) return
          scheduler.after(backMs, () =>
            deliver(() => {
              process.mayCrash(`at the answer of ${edge}`)
              if (!alive) return
              done()
              resolve(answer)
            }),
          )
        })
      }),
  }
  return process
}

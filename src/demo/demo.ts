import { join, relative } from 'node:path'
import { machineClock } from '../clock.ts'
import { spell } from '../core/spell.ts'
import { startCustomer, type Customer } from './customer.ts'
import type { Line } from './lines.ts'
import { addresses, setStage, type Stage } from './stage.ts'
import { newTroupe } from './troupe.ts'

const clock = machineClock
const folder = join('.lifeboat', 'demo')

type Tell = { act(title: string): void; line(text?: string): void; said(line: Line): void }

/** One whole rescue on this machine, told as it happens; resolves with the exit code. The signal stops it, and all that it started. */
export async function demo(options: { color: boolean }, signal: AbortSignal): Promise<number> {
  const tell = teller(options.color)
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  tell.line('lifeboat keeps an app reachable when the company that hosts it switches it off.')
  tell.line('This is one rescue, on this machine, with real processes and real sockets.')
  tell.line()
  const children = newTroupe()
  try {
    const stage = await setStage(folder, children, clock, either)
    await play(stage, tell, either)
    return 0
  } catch (thrown) {
    if (!signal.aborted) throw thrown
    tell.line('stopped')
    return 130
  } finally {
    ended.abort()
    await children.stop(clock)
  }
}

async function play(stage: Stage, tell: Tell, signal: AbortSignal): Promise<void> {
  const { port, dns } = stage
  tell.line(`  app       http://shop.example:${port}/, at alpha (${addresses.alpha}, a DigitalOcean droplet) and beta (${addresses.beta})`)
  tell.line(`  vantages  here, paris, tokyo: each a process of its own; two of three must agree`)
  tell.line(`  DNS       shop.example at ${dns.server}, over UDP and TCP`)
  tell.line(`  sped up   interval 400ms (default 2s), fall 3, rise 3 (5), confirmCut 1s (30s), outage 15s (3m), appFault 30s (10m), cooldown 5s (10m), ttl 2s (60s)`)

  tell.act('The names are adopted')
  const adopted = await stage.run('adopt', '--yes')
  if (adopted.code !== 0) throw new Error(`adopt ended with ${adopted.code}: ${adopted.text}`)
  tell.line('  $ lifeboat adopt --yes')
  tell.line(`  shop.example is lifeboat's now: ${txtOf(stage)}`)
  stage.startController()
  await stage.line((l) => l.event === 'health' && l.site === 'beta' && l.health === 'up')
  tell.said(await stage.line((l) => l.event === 'decision' && l.reason === 'well'))
  const customer = startCustomer({ name: 'shop.example', port, dns }, clock, signal)
  await until(() => customer.requests > 5, signal)
  tell.line(`  a customer asks 20 times a second, and is served by ${customer.servedBy}`)

  await vantageGoesBlind(stage, tell)
  await appCrashes(stage, tell, customer, signal)
  await oneVantageSeesItFail(stage, tell)
  const decision = await theCut(stage, tell, customer, signal)
  await failback(stage, tell, customer, signal)
  closing(stage, tell, decision)
}

async function vantageGoesBlind(stage: Stage, tell: Tell): Promise<void> {
  tell.act('A vantage goes blind: tokyo loses its network')
  const from = stage.lines.length
  stage.cut('canary', [addresses.tokyo])
  stage.cut('alpha', [addresses.tokyo])
  stage.cut('beta', [addresses.tokyo])
  tell.said(await stage.line((l) => l.event === 'vantage' && l.vantage === 'tokyo', from))
  tell.line('  the other two go on voting: hold')
  heal(stage)
  tell.said(await stage.line((l) => l.event === 'vantage' && l.msg.includes('again'), from))
}

async function appCrashes(stage: Stage, tell: Tell, customer: Customer, signal: AbortSignal): Promise<void> {
  tell.act("The app crashes: alpha's process is killed, its machine runs on")
  const from = stage.lines.length
  stage.kill('alpha')
  tell.said(await stage.line((l) => l.event === 'health' && l.site === 'alpha' && l.verdict === 'app-fault', from))
  tell.said(await stage.line((l) => l.event === 'decision' && l.reason === 'app-fault-budget', from))
  await stage.startSite('alpha')
  tell.line('  its supervisor starts it again')
  const back = stage.lines.length
  tell.said(await stage.line((l) => l.event === 'health' && l.site === 'alpha' && l.verdict === 'well', back))
  await until(() => customer.outage === null || customer.outage.untilMs !== null, signal)
  customer.outage = null
}

async function oneVantageSeesItFail(stage: Stage, tell: Tell): Promise<void> {
  tell.act('The app answers on, and only tokyo sees it fail')
  const from = stage.lines.length
  stage.cut('alpha', [addresses.tokyo])
  tell.said(await stage.line((l) => l.event === 'decision' && l.reason === 'blip', from))
  heal(stage)
  const healed = stage.lines.length
  tell.said(await stage.line((l) => l.event === 'health' && l.site === 'alpha' && l.verdict === 'well', healed))
}

/** Resolves with the id of the decision to move. */
async function theCut(stage: Stage, tell: Tell, customer: Customer, signal: AbortSignal): Promise<string> {
  tell.act('THE CUT: the company locks the account, and the machine dies')
  const from = stage.lines.length
  const cutMs = Date.now()
  stage.cloud.set({ account: 'locked' })
  stage.kill('alpha')
  const is = (event: string, more: Record<string, unknown>) => (l: Line) => l.event === event && Object.entries(more).every(([k, v]) => l[k] === v)
  tell.said(await stage.line(is('evidence', { claim: 'account-locked' }), from))
  const down = await stage.line(is('health', { site: 'alpha', health: 'down' }), from)
  tell.said(down)
  const decided = await stage.line(is('decision', { kind: 'move' }), from)
  tell.said(decided)
  const ended = await stage.line((l) => l.event === 'move' && l.state === 'done', from)
  const steps = stage.lines.slice(from).filter((l) => l.event === 'step')
  for (const step of steps) tell.said(step)
  tell.said(ended)
  await until(() => customer.outage?.untilMs != null && customer.servedBy === 'beta', signal)
  const pointed = steps.find((l) => l.step === 'point')!
  const outageMs = customer.outage!.untilMs! - customer.outage!.fromMs
  const parts = [down.atMs - cutMs, decided.atMs - down.atMs, pointed.atMs - decided.atMs]
  const restMs = outageMs - parts.reduce((a, b) => a + b, 0)
  tell.line(`  the customer is served again, by ${customer.servedBy}, after ${spell(outageMs)}:`)
  tell.line(`    to see ${spell(parts[0]!)} · to be sure ${spell(parts[1]!)} · to move ${spell(parts[2]!)} · cached answer ${spell(Math.max(0, restMs))}`)
  return String(decided.id)
}

async function failback(stage: Stage, tell: Tell, customer: Customer, signal: AbortSignal): Promise<void> {
  tell.act('The account is unlocked, and alpha is back: a planned failback')
  const from = stage.lines.length
  stage.cloud.set({ account: 'active' })
  await stage.startSite('alpha')
  tell.said(await stage.line((l) => l.event === 'health' && l.site === 'alpha' && l.msg.includes('stands by'), from))
  const before = { ...customer }
  tell.line('  $ lifeboat failback --yes')
  const done = await stage.run('failback', '--yes')
  if (done.code !== 0) throw new Error(`failback ended with ${done.code}: ${done.text}`)
  tell.said(await stage.line((l) => l.event === 'move' && l.state === 'done', from))
  await until(() => customer.servedBy === 'alpha' && customer.requests > before.requests + 60, signal)
  tell.line(`  ${customer.failed - before.failed} of ${customer.requests - before.requests} requests failed meanwhile; served by ${customer.servedBy}`)
}

function closing(stage: Stage, tell: Tell, decision: string): void {
  const config = relative(process.cwd(), stage.config)
  tell.act('What was real')
  tell.line('  real      lifeboat itself (watch, adopt, failback), its store and journal; every site, vantage and probe; DNS over UDP and TCP;')
  tell.line("            the customer and its cache; the kill (SIGKILL). The cloud's API was asked over HTTP, as DigitalOcean's would be")
  tell.line("  stand-in  the company (a simulated API that says locked); the name server (lifeboat's own, for demos and tests);")
  tell.line('            the loss of a network (sites and canary drop what comes from it); all hosts are this one machine')
  tell.line('  Look at what it left in .lifeboat/:')
  tell.line(`    npx lifeboat explain ${decision} --config ${config}`)
  tell.line(`    npx lifeboat replay ${join(folder, 'shop.db')}`)
}

const heal = (stage: Stage) => {
  for (const to of ['canary', 'alpha', 'beta'] as const) stage.cut(to, [])
}

const txtOf = (stage: Stage): string => {
  const line = stage.dns.dump('shop.example').find((each) => each.includes('v=lifeboat1'))
  return line?.replace(/.*(v=lifeboat1.*?)"?$/, '$1') ?? 'no TXT'
}

async function until(fits: () => boolean, signal: AbortSignal): Promise<void> {
  const limit = clock.deadline(20_000, signal)
  while (!fits()) await clock.sleep(20, limit)
}

function teller(color: boolean): Tell {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const startedMs = clock.now().monoMs
  const stamp = () => `${((clock.now().monoMs - startedMs) / 1000).toFixed(1).padStart(5)} s`
  return {
    act: (title) => void process.stdout.write(`\n${paint(1, title)}\n`),
    line: (text = '') => void process.stdout.write(`${text}\n`),
    said: ({ event, msg }) => void process.stdout.write(`${paint(2, stamp())}  ${event.padEnd(8)} ${msg}\n`),
  }
}

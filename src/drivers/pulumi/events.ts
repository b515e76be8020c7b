/** What a run of pulumi does, as it happens. `what`: the resource, for people, e.g. `hcloud server "machine"`. */
export type Progress =
  | { kind: 'begins' | 'done' | 'failed'; act: Act; what: string }
  | { kind: 'says'; level: 'info' | 'warn' | 'error'; text: string }

/** What is done to a resource. */
export type Act = 'create' | 'update' | 'delete' | 'import'

/** How a run ended that came to its end: resources by what was done to them. */
export type Summary = Partial<Record<string, number>>

/** What one line of `pulumi up --json` comes to. Null: nothing that people should see. */
export type Heard = { progress: Progress } | { summary: Summary } | null

/** What the engine calls a step of it; a replacement is told by its two halves. */
const acts: Record<string, Act> = {
  create: 'create', update: 'update', delete: 'delete', import: 'import', 'create-replacement': 'create', 'delete-replaced': 'delete', 'import-replacement': 'import',
}

type Metadata = { op?: string; urn?: string; type?: string }
type EngineEvent = {
  resourcePreEvent?: { metadata?: Metadata }
  resOutputsEvent?: { metadata?: Metadata }
  resOpFailedEvent?: { metadata?: Metadata }
  diagnosticEvent?: { message?: string; severity?: string; ephemeral?: boolean }
  summaryEvent?: { resourceChanges?: Summary }
}

/** Reads one line of standard output (automation/events.d.ts of @pulumi/pulumi 3.270, 2026-11). A line that is none of the engine's says nothing. */
export function heardIn(line: string): Heard {
  const event = eventIn(line)
  if (!event) return null
  if (event.summaryEvent) return { summary: event.summaryEvent.resourceChanges ?? {} }
  if (event.diagnosticEvent) return saying(event.diagnosticEvent)
  return doing('begins', event.resourcePreEvent) ?? doing('failed', event.resOpFailedEvent) ?? doing('done', event.resOutputsEvent)
}

function eventIn(line: string): EngineEvent | null {
  try {
    const read: unknown = JSON.parse(line)
    return typeof read === 'object' ? (read as EngineEvent | null) : null
  } catch {
    return null // A program's own print, which is not the engine's.
  }
}

function doing(kind: 'begins' | 'done' | 'failed', event: { metadata?: Metadata } | undefined): Heard {
  const { op = '', urn = '', type = '' } = event?.metadata ?? {}
  const act = acts[op]
  return act === undefined || type === 'pulumi:pulumi:Stack' ? null : { progress: { kind, act, what: nameOf(urn, type) } }
}

/** `hcloud:index/server:Server` and `urn:pulumi:…::machine` as `hcloud server "machine"`. */
function nameOf(urn: string, type: string): string {
  const [cloud = '', , kind = type] = type.split(':')
  return `${cloud} ${kind.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()} "${urn.split('::').at(-1) ?? ''}"`
}

const levels: Record<string, 'info' | 'warn' | 'error'> = { info: 'info', 'info#err': 'info', warning: 'warn', error: 'error' }

/** The SDKs' own diagnostics, of severity debug, are for nobody here. */
function saying({ message = '', severity = '', ephemeral }: NonNullable<EngineEvent['diagnosticEvent']>): Heard {
  const level = levels[severity]
  const text = withoutFrames(plainText(message)).replace(/^(?:warning|error): ?/, '')
  return level === undefined || ephemeral === true || text === '' ? null : { progress: { kind: 'says', level, text } }
}

/** What a program prints of what it has thrown, without where. */
const withoutFrames = (text: string): string => text.split('\n').filter((line) => !/^\s*at \S/.test(line)).join('\n').trim()

/** Without the engine's colours, in either of their forms. */
export const plainText = (text: string): string => text.replace(/<\{%.*?%\}>|\u001b\[[\d;]*m/g, '').trim()

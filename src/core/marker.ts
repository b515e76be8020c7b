import type { Marker } from './moving.ts'

const shape =
  /^v=lifeboat1 app=(?<app>[a-z0-9-]{1,40}) owner=(?<owner>[0-9a-f]{32}) epoch=(?<epoch>0|[1-9][0-9]{0,14}) site=(?<site>[a-z0-9-]{1,40}) move=(?<move>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) state=(?<state>claimed|pointed)$/

/** The marker in a TXT's text (CONTRACT.md). Null: anything but one marker exactly as `formatMarker` writes it, other order and spacing included. */
export const parseMarker = (text: string): Marker | null => {
  const fields = shape.exec(text)?.groups
  if (!fields) return null
  const { app = '', owner = '', epoch = '', site = '', move = '', state } = fields
  return { app, owner, epoch: Number(epoch), site, move, state: state === 'pointed' ? 'pointed' : 'claimed' }
}

/** The TXT's text; the same marker always gives the same bytes, at most 228, so that one character-string holds it. Throws where a field has another shape: our bug. */
export const formatMarker = ({ app, owner, epoch, site, move, state }: Marker): string => {
  const text = `v=lifeboat1 app=${app} owner=${owner} epoch=${epoch} site=${site} move=${move} state=${state}`
  if (!shape.test(text)) throw new Error(`not a marker: ${text}`)
  return text
}

/** Where the marker of an app stands in a zone. */
export const markerName = (app: string, zone: string): string => `_lifeboat-${app}.${zone}`

// The file's own rules over a new lifeboat.yaml, and over as much of it as is known.

import { canonicalName, familyOf } from '../../config/addresses.ts'
import { readTree } from '../../config/reading.ts'
import { parseTree } from '../../config/tree.ts'
import { sharedZone, type Draft } from './draft.ts'
import { fileText } from './text.ts'

/** Values that are sound whatever the others are, for what is not known yet. */
function stopgap({ names = ['shop.example'], sites }: Partial<Draft>): Draft {
  const zone = sharedZone(names.flatMap((name) => canonicalName(name.replace(/^\*\./, '')) ?? [])) ?? 'shop.example'
  const kind = sites?.[0]?.addresses[0] ?? ''
  const spare = familyOf(kind) === 6 ? ['2001:db8::1', '2001:db8::2'] : ['192.0.2.1', '192.0.2.2']
  return {
    app: 'shop', owner: '0'.repeat(32), names, zone, nameservers: null, ttl: '60s', holds: 'nothing', server: '127.0.0.1:53', key: null,
    sites: spare.map((address, i) => ({ site: `web${i + 1}`, cloud: 'none', addresses: [address] })),
    check: { url: 'https://shop.example/', status: '200', tls: 'public' },
  }
}

const fileName = 'lifeboat.yaml'

/** What the file's rules say against it, as sentences that begin with the key. Secrets need not be set. */
export function faultsIn(text: string): string[] {
  const read = readTree(parseTree(text, fileName, () => undefined), { name: fileName, ca: { pem: null, faults: [] }, lenient: true })
  return 'errors' in read ? read.errors.map((line) => line.replace(/^[^:]*:\d+: /, '')) : []
}

/** The same of a file of which only this much is known. Null: nothing. */
export const wrongIn = (known: Partial<Draft>): string | null => faultsIn(fileText({ ...stopgap(known), ...known }, {})).join('\n') || null

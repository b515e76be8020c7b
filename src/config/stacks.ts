import type { StackCopy } from '../core/types.ts'
import { canonicalIp, canonicalName, familyOf } from './addresses.ts'
import { entriesOf } from './lists.ts'
import type { File } from './schema.ts'
import type { Tree } from './tree.ts'

/** By site what its stack was last read to say. */
export type Copies = Record<string, StackCopy>

type FileSite = File['sites'][string]

/** What is at fault may be anything. */
const isMapping = (value: unknown): boolean => typeof value === 'object' && value !== null

/** Only a copy of the very stack that the file names: after another name was written there, what the old one said is nobody's address. */
const copyFor = (name: string, site: FileSite, copies: Copies): StackCopy | null => {
  const copy = copies[name]
  return copy && isMapping(site) && site.stack === copy.stack && site.address === undefined ? copy : null
}

const canonicalAddress = (text: string): string => (familyOf(text) ? canonicalIp(text) : (canonicalName(text) ?? text))

const filled = (site: FileSite, { address, addressV6, machineId }: StackCopy): FileSite => ({
  ...site,
  address: canonicalAddress(address),
  ...(addressV6 === null ? {} : { addressV6: canonicalAddress(addressV6) }),
  ...(machineId === null || site.machineId !== undefined ? {} : { machineId }),
})

/** The file with the addresses of its stacks as if they were written in it, so that every rule holds for them as well. */
export function withCopies(file: File, copies: Copies): File {
  if (!isMapping(file.sites)) return file
  const sites = entriesOf(file.sites).map(([name, site]) => {
    const copy = copyFor(name, site, copies)
    return [name, copy ? filled(site, copy) : site] as const
  })
  return { ...file, sites: Object.fromEntries(sites) }
}

/** The same for what a message says that it got: no key of a copy stands in the file. */
export const treeWithCopies = (tree: Tree, file: File): Tree => ({
  ...tree,
  valueAt: (path) => {
    const [top, name, key] = path
    const written = tree.valueAt(path)
    if (written !== undefined || top !== 'sites' || path.length !== 3 || (key !== 'address' && key !== 'addressV6')) return written
    return file.sites?.[String(name)]?.[key]
  },
})

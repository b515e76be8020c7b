// Names as they are written in lower case without a trailing dot; the root is the empty text.

/** The name one label shorter; of one label it is the root, and so it is of the root. */
export const parentOf = (name: string): string => (name.includes('.') ? name.slice(name.indexOf('.') + 1) : '')

/** Is it the zone's own name, or one below it? */
export const isIn = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)

/** The entries of a mapping, typed. */
export const entriesOf = <V>(record: Record<string, V>): [string, V][] => Object.entries(record)

/** Each two of a list, once, in order. */
export const pairs = <T>(items: T[]): [T, T][] => items.flatMap((one, i) => items.slice(i + 1).map((other): [T, T] => [one, other]))

/** How many letters must be put in, taken out, changed or swapped with their neighbour (optimal string alignment). */
export const editDistance = (one: string, other: string): number => {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= other.length; j++) {
      const changed = one[i - 1] === other[j - 1] ? 0 : 1
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + changed, swapped ? at(i - 2, j - 2) + 1 : Infinity))
    }
  }
  return at(one.length, other.length)
}

/** The known word that a misspelled one most likely stands for; null where none is near. Case, - and _ do not count. */
export const nearestWord = (word: string, known: readonly string[]): string | null => {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '')
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(plain(word).slice(0, 64), plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.candidate ?? null
}

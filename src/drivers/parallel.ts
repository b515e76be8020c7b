/** Runs one for each item, at most `most` at once; the results stand in the order of the items. Rejects as soon as one does. */
export const inParallel = async <T, R>(items: T[], most: number, run: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [n, item] of queue) results[n] = await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  return results
}

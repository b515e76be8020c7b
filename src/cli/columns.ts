/** Rows in columns of equal width, two spaces apart. `paint` colours a cell after it has its width. */
export function columns(rows: string[][], paint: (cell: string, row: number, column: number) => string = (cell) => cell): string[] {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, i) => Math.max(cell.length, widest[i] ?? 0)), [])
  return rows.map((row, r) => row.map((cell, c) => paint(c === row.length - 1 ? cell : cell.padEnd(widths[c] ?? 0), r, c)).join('  ').trimEnd())
}

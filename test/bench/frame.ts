// What every bench is made of, and how its figures become a table.

/** What one bench is handed. */
export type BenchOptions = {
  /** How often each thing is measured. */
  runs: number
  /** Progress, for who watches. */
  say(line: string): void
  /** Names a server and its version, such as `Knot 3.2.6`, to stand above the table. */
  uses(server: string): void
  /** An error that costs some figures and not all: it is said, and the exit code is 1. */
  failed(what: string, error: unknown): void
}

/** One row of the table. */
export type Figure = {
  /** What was measured; it names the row, also for `beside`. */
  what: string
  unit: 'ms' | 's' | 'MB' | '%'
  /** One value for each run; none: it could not be measured, and `say` told why. */
  values: number[]
  /** Null: there is none. */
  goal: { of: 'median' | 'p99'; most: number } | null
  /** `what` of a figure of the same run that this one is compared with, by medians. Null: nothing was run beside it. */
  beside: string | null
}

/** A file of this folder exports one as `bench`. `needs`: 'root' for network namespaces. All that it starts it stops, also where it throws. */
export type Bench = {
  name: string
  needs: 'root' | null
  run(options: BenchOptions): Promise<Figure[]>
}

const sorted = (values: number[]): number[] => [...values].sort((a, b) => a - b)

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export const median = (values: number[]): number => {
  const all = sorted(values)
  const half = Math.floor(all.length / 2)
  return all.length % 2 === 1 ? all[half]! : (all[half - 1]! + all[half]!) / 2
}

/** The smallest value that at least 99 of 100 do not pass (nearest rank): of fewer than 100 values the greatest. NaN of nothing. */
export const p99 = (values: number[]): number => sorted(values)[Math.ceil(values.length * 0.99) - 1] ?? NaN

const of = { median, p99 }

/** Null: it has no goal, or no value. */
export const isMet = ({ values, goal }: Figure): boolean | null => (goal === null || values.length === 0 ? null : of[goal.of](values) <= goal.most)

const rounded = (value: number): string => (Number.isNaN(value) ? '–' : value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))))

const cellsOf = (figure: Figure, all: Figure[]): string[] => {
  const { what, unit, values, goal, beside } = figure
  const other = all.find((each) => each.what === beside)
  const ratio = other && values.length > 0 && other.values.length > 0 ? `${Number((median(values) / median(other.values)).toPrecision(2))} × ${other.what}` : ''
  const wanted = goal === null ? '' : `${goal.of} ≤ ${goal.most} ${unit}${isMet(figure) === null ? '' : isMet(figure) ? ': met' : ': missed'}`
  const withUnit = (value: number): string => (Number.isNaN(value) ? '–' : `${rounded(value)} ${unit}`)
  return [what, String(values.length), withUnit(median(values)), withUnit(p99(values)), wanted, ratio]
}

/** The figures as a Markdown table. */
export const tableOf = (figures: Figure[]): string =>
  [['figure', 'runs', 'median', 'p99', 'goal', 'beside'], ['---', '---:', '---:', '---:', '---', '---'], ...figures.map((each) => cellsOf(each, figures))]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')

/** Which goals are met, in one sentence. */
export const goalsOf = (figures: Figure[]): string => {
  const judged = figures.filter((each) => isMet(each) !== null)
  const missed = judged.filter((each) => !isMet(each)).map(({ what }) => what)
  const open = figures.filter((each) => each.goal !== null && each.values.length === 0).map(({ what }) => what)
  const told = [`${judged.length - missed.length} of ${judged.length} goals are met`, ...(missed.length > 0 ? [`missed: ${missed.join('; ')}`] : []), ...(open.length > 0 ? [`not measured: ${open.join('; ')}`] : [])]
  return told.join(' · ')
}

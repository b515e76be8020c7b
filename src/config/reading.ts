import { reportLines, trimmed } from './fault-lines.ts'
import type { Fault, Finding } from './faults.ts'
import { faultsOf } from './issues.ts'
import { rules } from './rules/all.ts'
import { mayJudge, type Rule } from './rules/rule.ts'
import { notYet } from './rules/unbuilt.ts'
import { fileSchema, type File } from './schema.ts'
import { treeWithCopies, withCopies, type Copies } from './stacks.ts'
import type { Path } from './paths.ts'
import type { Tree } from './tree.ts'

/**
 * What the schema makes of the data, with whatever it finds wrong. A value that is at fault stands there as it was written, so only a rule
 * that does not read it may be asked. `safeParse` keeps such a half-read file to itself, hence the method below it (zod 4.6, 2026-11).
 */
const readAll = (tree: Tree): { file: File; faults: Fault[] } => {
  const parsed = fileSchema.safeParse(tree.value)
  if (parsed.success) return { file: parsed.data, faults: [] }
  const half = fileSchema._zod.run({ value: tree.value, issues: [] }, { async: false })
  if (half instanceof Promise) throw new Error('the schema holds something asynchronous')
  return { file: half.value as File, faults: faultsOf(parsed.error.issues) }
}

/** One fault for each key: what comes of a fault (an alias that leads nowhere is also empty) is not told again. */
const onePerKey = (faults: Fault[]): Fault[] => {
  const seen = new Set<string>()
  return faults.filter(({ path }) => {
    const id = JSON.stringify(path)
    return !seen.has(id) && seen.add(id)
  })
}

/** The text of `check.tls.ca` (null: none is named, or it cannot be read), and what is wrong with it. */
export type Authority = { pem: string | null; faults: Fault[] }

type Read = { file: File; warnings: string[] } | { errors: string[] }

/** The file's content, with the lines that stop nothing; or every line that says what is wrong with it. `name` begins each line. `lenient`: a variable that is not set is no fault, and its value is empty. `copies`: what the sites' stacks say; left out: nothing. */
export const readTree = (tree: Tree, { name, ca, lenient, copies = {} }: { name: string; ca: Authority; lenient: boolean; copies?: Copies }): Read => {
  const { file: written, faults: ofSchema } = readAll(tree)
  const file = withCopies(written, copies)
  const shown = treeWithCopies(tree, file)
  const judge = (asked: Rule[], faulty: Path[]): Finding[] => asked.filter((rule) => mayJudge(rule, faulty)).flatMap((rule) => rule.judge(file, tree, ca.pem))
  const faults = onePerKey([...tree.faults, ...ca.faults, ...ofSchema].map((fault) => ({ ...fault, path: trimmed(fault.path, tree) })))
  const faulty = faults.flatMap(({ path, meant }) => (meant ? [path, meant] : [path]))

  const found = judge(rules.filter(({ warns }) => !warns), faulty)
  const unset = lenient ? tree.faults.filter((fault) => fault.unset).map(({ path }) => JSON.stringify(path)) : []
  const counted = faults.filter(({ path }) => !unset.includes(JSON.stringify(path)))
  const errors = reportLines([...counted, ...found, ...notYet(tree)], shown, name)
  if (errors.length > 0) return { errors }
  return { file, warnings: reportLines(judge(rules.filter(({ warns }) => warns), faulty), shown, name) }
}

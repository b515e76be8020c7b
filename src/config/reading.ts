import { reportLines, type Fault, type Finding } from './faults.ts'
import { faultsOf } from './issues.ts'
import { rules } from './rules/all.ts'
import { mayJudge, type Rule } from './rules/rule.ts'
import { notYet } from './rules/unbuilt.ts'
import { fileSchema, type File } from './schema.ts'
import type { Path, Tree } from './tree.ts'

/** What is left of the data without the value at each path; of a key that is missing, without the mapping that lacks it. */
const without = (data: unknown, paths: Path[]): unknown => {
  const rest = structuredClone(data)
  for (const path of paths) {
    const keys = [...path]
    let last = keys.pop()
    const parentOf = () => keys.reduce<any>((here, key) => here?.[key], rest)
    while (last !== undefined && parentOf()?.[last] === undefined) last = keys.pop()
    if (last === undefined) return {}
    const parent = parentOf()
    if (Array.isArray(parent)) parent[Number(last)] = undefined
    else delete parent[last]
  }
  return rest
}

const emptyFile = fileSchema.partial()

/**
 * The part of the file that is sound: what is at fault is taken out until the schema is content. A rule may look only at what it
 * reads, and is asked only where no fault lies there, so the holes are never seen.
 */
const soundPart = (data: unknown): File => {
  let rest = data
  for (let round = 0; round < 100; round++) {
    const parsed = emptyFile.safeParse(rest)
    if (parsed.success) return parsed.data as File
    const next = without(rest, faultsOf(parsed.error.issues).map(({ path }) => path))
    rest = next
  }
  return {} as File
}

/** One fault for each key: a value that is empty is also of no known form. What the tree found wrong comes first. */
const onePerKey = (faults: Fault[]): Fault[] => {
  const seen = new Set<string>()
  return faults.filter(({ path }) => {
    const id = JSON.stringify(path)
    return !seen.has(id) && seen.add(id)
  })
}

const judge = (asked: Rule[], file: File, tree: Tree, faulty: Path[]): Finding[] =>
  asked.filter((rule) => mayJudge(rule, faulty)).flatMap((rule) => rule.judge(file, tree))

/** The file's content, or every line that says what is wrong with it; and the lines that stop nothing. `name` begins each line; `before`: faults that were found already. */
export const readTree = (tree: Tree, name: string, before: Fault[]): { file: File; warnings: string[] } | { errors: string[] } => {
  const parsed = fileSchema.safeParse(tree.value)
  const faults = onePerKey([...tree.faults, ...before, ...(parsed.success ? [] : faultsOf(parsed.error.issues))])
  const faulty = faults.flatMap(({ path, meant }) => (meant ? [path, meant] : [path]))
  const file = parsed.success ? parsed.data : soundPart(tree.value)

  const found = judge(rules.filter(({ warns }) => !warns), file, tree, faulty)
  const errors = reportLines([...faults, ...found, ...notYet(tree)], tree, name)
  if (errors.length > 0 || !parsed.success) return { errors }
  return { file, warnings: reportLines(judge(rules.filter(({ warns }) => warns), file, tree, []), tree, name) }
}

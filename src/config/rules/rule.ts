import type { Finding } from '../faults.ts'
import type { File } from '../schema.ts'
import type { Path } from '../paths.ts'
import type { Tree } from '../tree.ts'

/**
 * One rule about more than one key. It is asked only where nothing that it `reads` is at fault already (`*` is any one step; what
 * lies below counts), so that it may take the types of File at their word there. `tree`: the bare data,
 * where a rule counts what may itself be at fault. `caPem`: the text of `check.tls.ca`; null where none is named, or it is at fault.
 * `warns`: its findings stop nothing.
 */
export type Rule = { reads: string[]; warns?: boolean; judge: (file: File, tree: Tree, caPem: string | null) => Finding[] }

const overlaps = (path: Path, pattern: string): boolean => {
  const steps = pattern.split('.')
  return path.slice(0, steps.length).every((step, i) => steps[i] === '*' || steps[i] === String(step))
}

/** May the rule be asked, with these paths at fault? A fault above or below what it reads bars it, one beside it does not. */
export const mayJudge = (rule: Rule, faulty: Path[]): boolean =>
  !rule.reads.some((pattern) => faulty.some((path) => overlaps(path, pattern)))

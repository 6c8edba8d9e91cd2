import { MillraceError } from '@millrace/contracts'

/** One thing that is wrong with a rule, and where. */
export interface RuleProblem {
  /** The path of the setting, for example `observers.yaml: [1].actions[0].body.text`. */
  readonly place: string
  /** In the text of a condition or template, from 1; undefined for what is no text. */
  readonly line?: number
  readonly column?: number
  readonly problem: string
}

/** `place 1:14: problem`. */
function describeProblem({ place, line, column, problem }: RuleProblem): string {
  return line === undefined ? `${place}: ${problem}` : `${place} ${line}:${column ?? 1}: ${problem}`
}

/** A rule cannot be loaded; says everything that is wrong with it. */
export class RuleError extends MillraceError {
  override readonly name = 'RuleError'
  override readonly code = 'ERR_RULE'
  override readonly retryable = false
  /** At least one. */
  readonly problems: readonly RuleProblem[]
  constructor(problems: readonly RuleProblem[], options?: ErrorOptions) {
    super(problems.map(describeProblem).join('\n'), options)
    this.problems = problems
  }
}

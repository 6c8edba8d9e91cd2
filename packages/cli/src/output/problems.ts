import type { RuleProblemView } from '@millrace/app'
import type { RuleError } from '@millrace/observers'

import { neutralise } from './neutralise.ts'

/** What is wrong with rules, a line each: `place line:column: problem`. */
export function formatProblems(problems: readonly RuleProblemView[]): string {
  return problems
    .map(({ place, line, column, problem }) => {
      const at = line === null ? '' : ` ${line}:${column ?? 1}`
      return `${neutralise(`${place}${at}: ${problem}`)}\n`
    })
    .join('')
}

/** What an error says is wrong with rules. */
export function problemsOf({ problems }: RuleError): readonly RuleProblemView[] {
  return problems.map(({ place, line, column, problem }) => ({
    place,
    line: line ?? null,
    column: column ?? null,
    problem,
  }))
}

import { celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import type { CelInput, CelResult } from '@bufbuild/cel'
import type { Expr, ParsedExpr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js'

import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'
import { lineAndColumn } from '../errors/text-place.ts'
import { toCelValue } from './cel-values.ts'
import { ExpressionChecker, textOf } from './check-expression.ts'
import type { ExpressionProblem } from './check-expression.ts'
import { describeType } from './condition-type.ts'
import type { ConditionFields } from './condition-type.ts'
import { instrument, StepCounter } from './instrument.ts'
import { depthOf, everyPart } from './walk-expression.ts'

/** What a condition may be and do. */
export interface ConditionLimits {
  /** Characters of the text. @defaultValue 4_096 */
  readonly maxLength?: number
  /** Levels of nesting. @defaultValue 32 */
  readonly maxDepth?: number
  /** Operators, values and names. @defaultValue 500 */
  readonly maxParts?: number
  /** Elements of a list or map that the text spells out. @defaultValue 200 */
  readonly maxElements?: number
  /** Rounds of all its loops (`exists`, `all`, `map`, ...) in one evaluation. @defaultValue 10_000 */
  readonly maxSteps?: number
}

/** Settings of {@link compileCondition}. */
export interface ConditionOptions extends ConditionLimits {
  /** Names the condition in errors. @defaultValue `'condition'` */
  readonly place?: string
}

/** What a condition came to. An error is no match; it is to be counted and shown. */
export type ConditionOutcome =
  | { readonly kind: 'match' }
  | { readonly kind: 'no-match' }
  | { readonly kind: 'error'; readonly error: string }

/** A checked condition; pure. */
export interface Condition {
  readonly text: string
  /** The variables it looks at. */
  readonly variables: ReadonlySet<string>
  /** Never throws. @param values by variable; one that is missing is null */
  evaluate(values: Readonly<Record<string, unknown>>): ConditionOutcome
}

const conditionDefaults: Required<ConditionLimits> = {
  maxLength: 4096,
  maxDepth: 32,
  maxParts: 500,
  maxElements: 200,
  maxSteps: 10_000,
}

const maxErrorLength = 300

/** The nesting of brackets, which the parser follows by recursion. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if ('([{'.includes(character)) deepest = Math.max(deepest, ++depth)
    else if (')]}'.includes(character)) depth--
  }
  return deepest
}

class Compiler {
  readonly #text: string
  readonly #variables: ConditionFields
  readonly #place: string
  readonly #limits: Required<ConditionLimits>

  constructor(text: string, variables: ConditionFields, options: ConditionOptions) {
    const { place = 'condition', ...limits } = options
    this.#text = text
    this.#variables = variables
    this.#place = place
    this.#limits = { ...conditionDefaults, ...limits }
  }

  compile(): Condition {
    const parsed = this.#parse()
    const { expr } = parsed
    if (expr === undefined) throw this.#error([{ offset: 0, problem: 'is empty' }])
    const used = this.#check(parsed, expr)
    instrument(expr, textOf)
    const steps = new StepCounter(this.#limits.maxSteps)
    const run = plan(celEnv({ funcs: [steps.function] }), parsed)
    return this.#condition(run, steps, used)
  }

  #parse(): ParsedExpr {
    const { maxLength, maxDepth } = this.#limits
    const text = this.#text
    if (typeof text !== 'string' || text.trim() === '')
      throw this.#error([{ offset: 0, problem: 'must be an expression in quotes' }])
    if (text.length > maxLength)
      throw this.#error([{ offset: maxLength, problem: `is longer than ${maxLength} characters` }])
    if (bracketDepth(text) > 2 * maxDepth)
      throw this.#error([{ offset: 0, problem: `has more than ${maxDepth} levels` }])
    try {
      return parse(text)
    } catch (error) {
      throw this.#error([syntaxProblem(error)], { cause: error })
    }
  }

  #check({ sourceInfo }: ParsedExpr, expr: Expr): ReadonlySet<string> {
    const tooMuch = this.#excess(expr)
    if (tooMuch !== undefined) throw this.#error([{ offset: 0, problem: tooMuch }])
    const positions: Readonly<Record<string, number>> = sourceInfo?.positions ?? {}
    const offsetOf = ({ id }: Expr): number => {
      const offset = positions[String(id)] ?? 0
      // A field is found at its dot.
      return this.#text[offset] === '.' ? offset + 1 : offset
    }
    const checker = new ExpressionChecker(this.#variables, offsetOf)
    const type = checker.check(expr)
    const problems = [...checker.problems]
    if (problems.length === 0 && type !== 'bool' && type !== 'dyn')
      problems.push({ offset: 0, problem: `gives a ${describeType(type)}, must give a bool` })
    if (problems.length > 0) throw this.#error(problems)
    return checker.used
  }

  #excess(expr: Expr): string | undefined {
    const { maxParts, maxDepth, maxElements } = this.#limits
    const parts = everyPart(expr)
    if (parts.length > maxParts) return `has more than ${maxParts} parts`
    if (depthOf(expr) > maxDepth) return `has more than ${maxDepth} levels`
    const isLong = parts.some(
      ({ exprKind }) =>
        (exprKind.case === 'listExpr' && exprKind.value.elements.length > maxElements) ||
        (exprKind.case === 'structExpr' && exprKind.value.entries.length > maxElements),
    )
    return isLong ? `spells out more than ${maxElements} elements` : undefined
  }

  #condition(
    run: (values: Record<string, CelInput>) => CelResult,
    steps: StepCounter,
    variables: ReadonlySet<string>,
  ): Condition {
    const { maxSteps } = this.#limits
    const types = this.#variables
    return {
      text: this.#text,
      variables,
      evaluate: (values) => {
        steps.reset()
        try {
          const inputs = [...variables].map((name) => [
            name,
            toCelValue(values[name] ?? null, types[name] ?? 'dyn') ?? null,
          ])
          const result = run(Object.fromEntries(inputs) as Record<string, CelInput>)
          if (steps.isExceeded) return failed(`took more than ${maxSteps} rounds of its loops`)
          return outcomeOf(result)
        } catch (error) {
          return failed(error)
        }
      },
    }
  }

  #error(problems: readonly ExpressionProblem[], options?: ErrorOptions): RuleError {
    const placed = problems.map(({ offset, problem }): RuleProblem => ({
      place: this.#place,
      ...lineAndColumn(this.#text, offset),
      problem,
    }))
    return new RuleError(placed, options)
  }
}

function syntaxProblem(error: unknown): ExpressionProblem {
  const { rawMessage, location } = error as {
    readonly rawMessage?: unknown
    readonly location?: { readonly start?: { readonly offset?: unknown } }
  }
  const offset = location?.start?.offset
  const problem =
    typeof rawMessage === 'string' ? rawMessage : error instanceof Error ? error.message : 'is no CEL'
  return { offset: typeof offset === 'number' ? offset : 0, problem: problem.slice(0, maxErrorLength) }
}

function failed(error: unknown): ConditionOutcome {
  const text = error instanceof Error ? error.message : String(error)
  return { kind: 'error', error: text.slice(0, maxErrorLength) }
}

function outcomeOf(result: CelResult): ConditionOutcome {
  if (result === true) return { kind: 'match' }
  if (result === false) return { kind: 'no-match' }
  return failed(isCelError(result) ? result : 'gives no bool')
}

/**
 * Reads, checks and compiles a condition in CEL (https://cel.dev): names, fields, functions and operators against the types
 * of the variables, as far as those are known, and its size against the limits. An evaluation has no side effects, and ends
 * after a bounded number of steps.
 *
 * @param variables what it may name, by name; `old` and `new` make it one about changes of rows, which may call `changed('x')`,
 * `changed_from('x', value)` and `changed_to('x', value)`
 * @throws {@link RuleError} with every problem and its line and column
 */
export function compileCondition(
  text: string,
  variables: ConditionFields,
  options: ConditionOptions = {},
): Condition {
  return new Compiler(text, variables, options).compile()
}

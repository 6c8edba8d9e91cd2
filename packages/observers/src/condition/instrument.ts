import { CelScalar, celFunc, parse } from '@bufbuild/cel'
import type { CelFunc } from '@bufbuild/cel'
import { Expr_CallSchema, ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js'
import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js'
import { create } from '@bufbuild/protobuf'

import { everyPart } from './walk-expression.ts'

/** A name that no expression can hold: the parser takes no `@`. */
const step = '@step'

const texts: Readonly<Record<string, (value: string) => string>> = {
  changed: (field) => `${valueIn('old', field)} != ${valueIn('new', field)}`,
  changed_from: (field) => `${valueIn('old', field)} == value && ${valueIn('new', field)} != value`,
  changed_to: (field) => `${valueIn('new', field)} == value && ${valueIn('old', field)} != value`,
}

/** The value of a column; null in a row that is not there, or has no such column. */
function valueIn(row: string, field: string): string {
  const name = JSON.stringify(field)
  return `(${row} != null && ${name} in ${row} ? ${row}[${name}] : null)`
}

/** Counts the rounds of all loops of an evaluation, and ends it with an error when there are too many. */
export class StepCounter {
  readonly #max: number
  #steps = 0

  constructor(max: number) {
    this.#max = max
  }

  /** To be called before each evaluation. */
  reset(): void {
    this.#steps = 0
  }

  get isExceeded(): boolean {
    return this.#steps > this.#max
  }

  readonly function: CelFunc = celFunc(step, [CelScalar.DYN], CelScalar.DYN, (goesOn) => {
    // False ends the loop; what it comes to is of no interest to anybody then.
    return ++this.#steps > this.#max ? false : goesOn
  })
}

function call(name: string, arg: Expr): Expr {
  const value = create(Expr_CallSchema, { function: name, args: [arg] })
  return create(ExprSchema, { id: arg.id, exprKind: { case: 'callExpr', value } })
}

function withValue(template: Expr, value: Expr | undefined): Expr {
  if (value === undefined) return template
  for (const part of everyPart(template))
    if (part.exprKind.case === 'identExpr' && part.exprKind.value.name === 'value')
      part.exprKind = value.exprKind
  return template
}

/**
 * Prepares a checked expression for evaluation, in place: every loop counts its rounds, and functions about a change of a
 * row become what they stand for.
 */
export function instrument(expr: Expr, textOf: (expr: Expr | undefined) => string | undefined): void {
  // The parts are listed before any is replaced, so that what takes their place is not looked at again.
  for (const part of everyPart(expr)) {
    const { exprKind } = part
    if (exprKind.case === 'comprehensionExpr') {
      const { loopCondition } = exprKind.value
      if (loopCondition !== undefined) exprKind.value.loopCondition = call(step, loopCondition)
    } else if (exprKind.case === 'callExpr' && exprKind.value.target === undefined) {
      const { function: name, args } = exprKind.value
      const text = Object.hasOwn(texts, name) ? texts[name] : undefined
      const field = textOf(args[0])
      if (text === undefined || field === undefined) continue
      const { expr: meaning } = parse(text(field))
      if (meaning !== undefined) part.exprKind = withValue(meaning, args[1]).exprKind
    }
  }
}

import type {
  Expr,
  Expr_Call,
  Expr_Comprehension,
  Expr_Select,
} from '@bufbuild/cel-spec/cel/expr/syntax_pb.js'

import { describeType, fieldOf, isFields, isList, isMap, joinTypes } from './condition-type.ts'
import type { ConditionFields, ConditionType } from './condition-type.ts'
import { isPattern } from './re2-pattern.ts'
import { areComparable, checkCall, typeNames } from './signatures.ts'

/** Something wrong in an expression, at a place in its text. */
export interface ExpressionProblem {
  readonly offset: number
  readonly problem: string
}

/** Functions about a change of a row, by their number of arguments. */
const changeFunctions: Readonly<Record<string, number>> = { changed: 1, changed_from: 2, changed_to: 2 }

type Scope = ReadonlyMap<string, ConditionType>

const maxNamesShown = 12

/** The literal text of an expression; undefined for any other. */
export function textOf(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'constExpr') return undefined
  const { constantKind } = expr.exprKind.value
  return constantKind.case === 'stringValue' ? constantKind.value : undefined
}

const constants: Readonly<Record<string, ConditionType>> = {
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
  nullValue: 'null',
}

/** Finds the type of every part of an expression, and what cannot work whatever the values are. */
export class ExpressionChecker {
  readonly problems: ExpressionProblem[] = []
  /** The variables that are used. */
  readonly used: Set<string> = new Set()
  readonly #variables: ConditionFields
  readonly #offsetOf: (expr: Expr) => number

  constructor(variables: ConditionFields, offsetOf: (expr: Expr) => number) {
    this.#variables = variables
    this.#offsetOf = offsetOf
  }

  check(expr: Expr, scope: Scope = new Map()): ConditionType {
    const { exprKind } = expr
    switch (exprKind.case) {
      case 'constExpr':
        return constants[exprKind.value.constantKind.case ?? ''] ?? 'dyn'
      case 'identExpr':
        return this.#ident(expr, exprKind.value.name, scope)
      case 'selectExpr':
        return this.#select(expr, exprKind.value, scope)
      case 'callExpr':
        return this.#call(expr, exprKind.value, scope)
      case 'listExpr':
        return { list: this.#join(exprKind.value.elements, scope) }
      case 'structExpr':
        return this.#struct(expr, scope)
      case 'comprehensionExpr':
        return this.#comprehension(exprKind.value, scope)
      default:
        return this.#wrong(expr, 'is no expression')
    }
  }

  #join(exprs: readonly Expr[], scope: Scope): ConditionType {
    const types = exprs.map((each) => this.check(each, scope))
    return types.length === 0 ? 'dyn' : types.reduce(joinTypes)
  }

  #struct(expr: Expr, scope: Scope): ConditionType {
    if (expr.exprKind.case !== 'structExpr') return 'dyn'
    const { entries, messageName } = expr.exprKind.value
    if (messageName !== '') return this.#wrong(expr, `unknown type ${messageName}`)
    for (const { keyKind } of entries) if (keyKind.case === 'mapKey') this.check(keyKind.value, scope)
    return {
      map: this.#join(
        entries.flatMap(({ value }) => value ?? []),
        scope,
      ),
    }
  }

  #ident(expr: Expr, name: string, scope: Scope): ConditionType {
    const local = scope.get(name)
    if (local !== undefined) return local
    if (Object.hasOwn(this.#variables, name)) {
      this.used.add(name)
      return this.#variables[name] ?? 'dyn'
    }
    if (typeNames.has(name)) return 'type'
    return this.#wrong(expr, `unknown variable ${name}; there are ${listNames(Object.keys(this.#variables))}`)
  }

  #select(expr: Expr, { operand, field, testOnly }: Expr_Select, scope: Scope): ConditionType {
    if (operand === undefined) return 'dyn'
    const found = this.#field(expr, this.check(operand, scope), field)
    return testOnly ? 'bool' : found
  }

  #field(at: Expr, of: ConditionType, name: string): ConditionType {
    const found = fieldOf(of, name)
    if (found !== undefined) return found
    if (!isFields(of)) return this.#wrong(at, `a ${describeType(of)} has no field ${name}`)
    return this.#wrong(at, `unknown field ${name}; there are ${listNames(Object.keys(of.fields))}`)
  }

  #call(expr: Expr, call: Expr_Call, scope: Scope): ConditionType {
    const { function: name, target, args } = call
    if (target === undefined && Object.hasOwn(changeFunctions, name)) return this.#change(expr, call, scope)
    const operands = target === undefined ? args : [target, ...args]
    const types = operands.map((each) => this.check(each, scope))
    if (name === '_[_]') return this.#index(expr, operands, types)
    if (name === '_==_' || name === '_!=_') return this.#equality(expr, types)
    if (name === 'matches') this.#pattern(expr, operands[1])
    const checked = checkCall(name, target !== undefined, types)
    if (checked.kind === 'known') return checked.gives
    return this.#wrong(expr, checked.kind === 'unknown' ? `unknown function ${name}` : checked.problem)
  }

  #equality(expr: Expr, [left = 'dyn', right = 'dyn']: readonly ConditionType[]): ConditionType {
    if (!areComparable(left, right))
      this.#wrong(expr, `a ${describeType(left)} never equals a ${describeType(right)}`)
    return 'bool'
  }

  #index(
    expr: Expr,
    [, index]: readonly Expr[],
    [of = 'dyn', by = 'dyn']: readonly ConditionType[],
  ): ConditionType {
    if (of === 'dyn') return 'dyn'
    if (isList(of)) {
      if (by !== 'dyn' && (by === 'string' || typeof by !== 'string'))
        return this.#wrong(expr, `a list has no element ${describeType(by)}`)
      return of.list
    }
    const name = textOf(index)
    if (isMap(of)) return of.map
    if (!isFields(of)) return this.#wrong(expr, `a ${describeType(of)} has no elements`)
    return name === undefined ? 'dyn' : this.#field(index ?? expr, of, name)
  }

  /** A pattern from data could not be checked now, and would have to be compiled with each event. */
  #pattern(expr: Expr, pattern: Expr | undefined): void {
    const text = textOf(pattern)
    if (text === undefined) this.#wrong(pattern ?? expr, 'matches takes a pattern in quotes')
    else if (!isPattern(text)) this.#wrong(pattern ?? expr, `${text} is no RE2 pattern`)
  }

  #change(expr: Expr, { function: name, args }: Expr_Call, scope: Scope): ConditionType {
    const { old, new: row } = this.#variables
    if (old === undefined || row === undefined) return this.#wrong(expr, `${name} is for changes of rows`)
    this.used.add('old').add('new')
    const wanted = changeFunctions[name] ?? 0
    const field = textOf(args[0])
    if (args.length !== wanted || field === undefined)
      return this.#wrong(expr, `${name} takes a column in quotes${wanted === 2 ? ' and a value' : ''}`)
    const type = this.#field(args[0] ?? expr, row, field)
    const value = args[1]
    if (value !== undefined) this.#equality(value, [type, this.check(value, scope)])
    return 'bool'
  }

  #comprehension(each: Expr_Comprehension, scope: Scope): ConditionType {
    const { iterRange, accuInit, loopCondition, loopStep, result, accuVar, iterVar } = each
    const range = iterRange === undefined ? 'dyn' : this.check(iterRange, scope)
    if (range !== 'dyn' && !isList(range) && !isMap(range) && !isFields(range) && iterRange !== undefined)
      this.#wrong(iterRange, `a ${describeType(range)} has no elements`)
    const element = isList(range) ? range.list : range === 'dyn' ? 'dyn' : 'string'
    const start = accuInit === undefined ? 'dyn' : this.check(accuInit, scope)
    const accumulated = isList(start) ? { list: 'dyn' as const } : start
    const outer = new Map(scope).set(accuVar, accumulated)
    const inner = new Map(outer).set(iterVar, element)
    if (loopCondition !== undefined) this.check(loopCondition, inner)
    if (loopStep !== undefined) this.check(loopStep, inner)
    return result === undefined ? accumulated : this.check(result, outer)
  }

  #wrong(expr: Expr, problem: string): 'dyn' {
    this.problems.push({ offset: this.#offsetOf(expr), problem })
    return 'dyn'
  }
}

function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length <= maxNamesShown
    ? names.join(', ')
    : `${names.slice(0, maxNamesShown).join(', ')} and ${names.length - maxNamesShown} more`
}

import { describeType, fieldOf, isFields, isList } from '../condition/condition-type.ts'
import type { ConditionFields, ConditionType } from '../condition/condition-type.ts'

const maxNamesShown = 12

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, maxNamesShown).join(', ')
  return names.length > maxNamesShown ? `${shown} and ${names.length - maxNamesShown} more` : shown || 'none'
}

/** What is wrong with a path, undefined for one that may lead to a value. */
export function pathProblem(path: readonly string[], variables: ConditionFields): string | undefined {
  const [root = '', ...steps] = path
  if (!Object.hasOwn(variables, root))
    return `unknown variable ${root}; there are ${listNames(Object.keys(variables))}`
  let type: ConditionType = variables[root] ?? 'dyn'
  for (const step of steps) {
    const next: ConditionType | undefined =
      isList(type) && /^\d+$/.test(step) ? type.list : fieldOf(type, step)
    if (next === undefined)
      return isFields(type)
        ? `unknown field ${step}; there are ${listNames(Object.keys(type.fields))}`
        : `a ${describeType(type)} has no field ${step}`
    type = next
  }
  return undefined
}

/** The value at a path, undefined where there is none; only what an object has itself. */
export function valueAt(values: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let at: unknown = values
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[step]
  }
  return at
}

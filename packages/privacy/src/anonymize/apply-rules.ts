import { suppressed } from './transforms.ts'
import type { FieldTransform } from './transforms.ts'

/** Transforms by path: `name`, `address.street`, in a list `lines.name`. */
export type FieldRules = Readonly<Record<string, FieldTransform>>

type Tree = Map<string, Tree | FieldTransform>

function treeOf(rules: FieldRules): Tree {
  const root: Tree = new Map()
  for (const [path, transform] of Object.entries(rules)) {
    const parts = path.split('.')
    const last = parts.pop() ?? ''
    let at = root
    for (const part of parts) {
      const known = at.get(part)
      const below: Tree = known instanceof Map ? known : new Map()
      at.set(part, below)
      at = below
    }
    at.set(last, transform)
  }
  return root
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function transformed(value: unknown, tree: Tree, place: string): unknown {
  if (value === null || value === undefined || tree.size === 0) return value
  if (Array.isArray(value)) return value.map((item) => transformed(item, tree, place))
  if (!isPlain(value)) throw new RulesUnmetError(place)
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    const rule = tree.get(key)
    if (rule === undefined) return [key, member]
    return [key, typeof rule === 'function' ? rule(member) : transformed(member, rule, `${place}.${key}`)]
  })
  return Object.fromEntries(members.filter(([, member]) => member !== suppressed))
}

/** Rules are for members of something that has none: what they were meant for would get through as it is. */
export class RulesUnmetError extends Error {
  constructor(place: string) {
    super(`${place} has no members, and rules for some`)
  }
}

/**
 * A function that gives a copy of data with the rules applied; what no rule names stays as it is.
 * It throws {@link RulesUnmetError} where a rule leads into text, a Map or the like.
 */
export function applyRules(rules: FieldRules): (data: unknown) => unknown {
  const tree = treeOf(rules)
  return (data) => transformed(data, tree, 'data')
}

import { describeType, isFields, isList, isMap, joinTypes } from './condition-type.ts'
import type { ConditionType, ScalarType } from './condition-type.ts'

type Pattern = ScalarType | 'any' | 'list' | 'map'

interface Signature {
  /** The receiver's first, for a method. */
  readonly takes: readonly Pattern[]
  readonly gives: ScalarType | ((args: readonly ConditionType[]) => ConditionType)
}

const of = (gives: Signature['gives'], ...takes: readonly Pattern[]): Signature => ({ takes, gives })

const numbers = ['int', 'uint', 'double'] as const
const joined = (args: readonly ConditionType[]): ConditionType => args.reduce(joinTypes)
const same = (types: readonly ScalarType[]): Signature[] => types.map((type) => of(type, type, type))
const ordered: readonly Signature[] = [
  ...numbers.flatMap((left) => numbers.map((right) => of('bool', left, right))),
  ...(['string', 'bytes', 'bool', 'timestamp', 'duration'] as const).map((type) => of('bool', type, type)),
]
const sizes = (['string', 'bytes', 'list', 'map'] as const).map((type) => of('int', type))
const converts = (to: ScalarType, from: readonly ScalarType[]): Signature[] =>
  from.map((type) => of(to, type))
const calendar = [of('int', 'timestamp'), of('int', 'timestamp', 'string')]
const clock = [...calendar, of('int', 'duration')]

/** What may be called as `f(x)`, operators included. */
const functions: Readonly<Record<string, readonly Signature[]>> = {
  '_&&_': [of('bool', 'bool', 'bool')],
  '_||_': [of('bool', 'bool', 'bool')],
  '!_': [of('bool', 'bool')],
  '@not_strictly_false': [of('bool', 'bool')],
  '_?_:_': [of((args) => joined(args.slice(1)), 'bool', 'any', 'any')],
  '_<_': ordered,
  '_<=_': ordered,
  '_>_': ordered,
  '_>=_': ordered,
  '_+_': [
    ...same(['int', 'uint', 'double', 'string', 'bytes', 'duration']),
    of('timestamp', 'timestamp', 'duration'),
    of('timestamp', 'duration', 'timestamp'),
    of(joined, 'list', 'list'),
  ],
  '_-_': [
    ...same(['int', 'uint', 'double', 'duration']),
    of('duration', 'timestamp', 'timestamp'),
    of('timestamp', 'timestamp', 'duration'),
  ],
  '_*_': same(numbers),
  '_/_': same(numbers),
  '_%_': same(['int', 'uint']),
  '-_': [of('int', 'int'), of('double', 'double')],
  '@in': [of('bool', 'any', 'list'), of('bool', 'any', 'map')],
  size: sizes,
  int: converts('int', ['int', 'uint', 'double', 'string', 'timestamp']),
  uint: converts('uint', ['int', 'uint', 'double', 'string']),
  double: converts('double', ['int', 'uint', 'double', 'string']),
  string: converts('string', [...numbers, 'string', 'bool', 'bytes', 'timestamp', 'duration']),
  bytes: converts('bytes', ['string', 'bytes']),
  bool: converts('bool', ['bool', 'string']),
  timestamp: converts('timestamp', ['string', 'timestamp', 'int']),
  duration: converts('duration', ['string', 'duration']),
  dyn: [of('dyn', 'any')],
  type: [of('type', 'any')],
  matches: [of('bool', 'string', 'string')],
}

/** What may be called as `x.f()`. */
const methods: Readonly<Record<string, readonly Signature[]>> = {
  size: sizes,
  contains: [of('bool', 'string', 'string')],
  startsWith: [of('bool', 'string', 'string')],
  endsWith: [of('bool', 'string', 'string')],
  matches: [of('bool', 'string', 'string')],
  getFullYear: calendar,
  getMonth: calendar,
  getDate: calendar,
  getDayOfMonth: calendar,
  getDayOfWeek: calendar,
  getDayOfYear: calendar,
  getHours: clock,
  getMinutes: clock,
  getSeconds: clock,
  getMilliseconds: clock,
}

/** Types that stand for a type in `type(x) == int`. */
export const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
])

function fits(pattern: Pattern, type: ConditionType): boolean {
  if (pattern === 'any' || type === 'dyn' || type === 'null') return pattern === 'any' || type === 'dyn'
  if (pattern === 'list') return isList(type)
  if (pattern === 'map') return isMap(type) || isFields(type)
  return pattern === type
}

/** The outcome of looking a call up. */
export type CallCheck =
  | { readonly kind: 'known'; readonly gives: ConditionType }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'misfit'; readonly problem: string }

const shownOperators: Readonly<Record<string, string>> = { '@in': 'in', '_?_:_': '?:' }

function shown(name: string): string {
  return shownOperators[name] ?? name.replaceAll('_', '')
}

/** Finds what a call gives. @param args the receiver's first, for a method */
export function checkCall(name: string, isMethod: boolean, args: readonly ConditionType[]): CallCheck {
  const table = isMethod ? methods : functions
  const signatures = Object.hasOwn(table, name) ? table[name] : undefined
  if (signatures === undefined) return { kind: 'unknown' }
  const fitting = signatures.filter(
    ({ takes }) =>
      takes.length === args.length && takes.every((each, index) => fits(each, args[index] ?? 'dyn')),
  )
  const [first] = fitting
  if (first === undefined) {
    const given = args.map(describeType).join(', ')
    return { kind: 'misfit', problem: `${shown(name)} cannot be applied to (${given})` }
  }
  const results = fitting.map(({ gives }) => (typeof gives === 'function' ? gives(args) : gives))
  return { kind: 'known', gives: results.reduce(joinTypes) }
}

/** Whether two values may be compared for equality: anything with null, numbers with each other. */
export function areComparable(a: ConditionType, b: ConditionType): boolean {
  if ([a, b].some((type) => type === 'dyn' || type === 'null')) return true
  if (typeof a === 'string' && typeof b === 'string')
    return a === b || [a, b].every((type) => (numbers as readonly string[]).includes(type))
  if (isList(a) && isList(b)) return areComparable(a.list, b.list)
  return (isMap(a) || isFields(a)) && (isMap(b) || isFields(b))
}

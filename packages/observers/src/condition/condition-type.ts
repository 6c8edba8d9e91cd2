/** What a value in a condition or template is known to be. Any of them may be absent or null as well. */
export type ConditionType = ScalarType | ListType | MapType | FieldsType

/** `dyn` is anything: nothing is known at load, and an evaluation that does not fit is an error then. */
export type ScalarType =
  | 'dyn'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'null'
  | 'type'

/** A list of one kind of values. */
export interface ListType {
  readonly list: ConditionType
}

/** Any keys, one kind of values. */
export interface MapType {
  readonly map: ConditionType
}

/** Known fields. */
export interface FieldsType {
  readonly fields: ConditionFields
  /** Whether there may be others, of which nothing is known. @defaultValue false */
  readonly open?: boolean
}

/** Types by name: the fields of an object, or the variables of a rule. */
export type ConditionFields = Readonly<Record<string, ConditionType>>

export function isList(type: ConditionType): type is ListType {
  return typeof type === 'object' && 'list' in type
}

export function isMap(type: ConditionType): type is MapType {
  return typeof type === 'object' && 'map' in type
}

export function isFields(type: ConditionType): type is FieldsType {
  return typeof type === 'object' && 'fields' in type
}

/** The type of a field, undefined where there is none. */
export function fieldOf(type: ConditionType, name: string): ConditionType | undefined {
  if (type === 'dyn') return 'dyn'
  if (isMap(type)) return type.map
  if (!isFields(type)) return undefined
  return Object.hasOwn(type.fields, name) ? type.fields[name] : type.open === true ? 'dyn' : undefined
}

/** As an error message calls it. */
export function describeType(type: ConditionType): string {
  if (typeof type === 'string') return type
  return isList(type) ? `list(${describeType(type.list)})` : 'map'
}

/** What can be said of a value that is of one type or the other. */
export function joinTypes(a: ConditionType, b: ConditionType): ConditionType {
  if (a === 'null') return b
  if (b === 'null' || a === b) return a
  if (isList(a) && isList(b)) return { list: joinTypes(a.list, b.list) }
  if (isMap(a) && isMap(b)) return { map: joinTypes(a.map, b.map) }
  if (isFields(a) && isFields(b)) return joinFields(a, b)
  return 'dyn'
}

function joinFields(a: FieldsType, b: FieldsType): FieldsType {
  const names = new Set([...Object.keys(a.fields), ...Object.keys(b.fields)])
  const fields = [...names].map((name) => {
    const [one, other] = [a.fields[name], b.fields[name]]
    const joined = one === undefined || other === undefined ? (one ?? other ?? 'dyn') : joinTypes(one, other)
    return [name, joined] as const
  })
  return { fields: Object.fromEntries(fields), open: a.open === true || b.open === true }
}

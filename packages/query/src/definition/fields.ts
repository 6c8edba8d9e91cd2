import { ConfigurationError } from '@millrace/contracts'
import type { FieldType, RowField, RowFields } from '@millrace/contracts'

/** How a field is declared: its type, with `nullable` where it may be null. */
export type FieldDefinition = FieldType | { readonly type: FieldType; readonly nullable?: boolean }

/** Every field of a query. */
export type FieldDefinitions = Readonly<Record<string, FieldDefinition>>

interface Values {
  readonly text: string
  readonly integer: number
  readonly number: number
  readonly decimal: string
  readonly boolean: boolean
  readonly instant: Date
}

type TypeOf<D extends FieldDefinition> = D extends FieldType
  ? D
  : D extends { readonly type: infer T }
    ? T
    : never

/** What a field's value is, null aside. */
export type ValueOf<D extends FieldDefinition> = TypeOf<D> extends keyof Values ? Values[TypeOf<D>] : never

/** Null where the field may be null. */
export type NullOf<D extends FieldDefinition> = D extends { readonly nullable: true } ? null : never

/** A row of a query. */
export type RowOf<F extends FieldDefinitions> = { readonly [N in keyof F]: ValueOf<F[N]> | NullOf<F[N]> }

const types: readonly string[] = [
  'text',
  'integer',
  'number',
  'decimal',
  'boolean',
  'instant',
] satisfies FieldType[]

function rowField(name: string, definition: FieldDefinition): RowField {
  const field = typeof definition === 'string' ? { type: definition } : definition
  if (!types.includes(field.type))
    throw new ConfigurationError(`fields.${name}`, `must be one of ${types.join(', ')}`)
  return { type: field.type, nullable: field.nullable ?? false }
}

/** @throws {@link ConfigurationError} naming the field */
export function rowFields(definitions: FieldDefinitions): RowFields {
  const names = Object.keys(definitions)
  if (names.length === 0) throw new ConfigurationError('fields', 'must name at least one field')
  const odd = names.find((name) => !/^[A-Za-z]\w{0,62}$/.test(name))
  if (odd !== undefined)
    throw new ConfigurationError(`fields.${odd}`, 'must be a letter and up to 62 of A-Z a-z 0-9 _')
  return Object.fromEntries(Object.entries(definitions).map(([name, field]) => [name, rowField(name, field)]))
}

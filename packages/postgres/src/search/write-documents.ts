import type { SearchDefinition, SearchField, SearchValue, SearchWrite } from '@millrace/contracts'

import { fieldColumn, textFields, valueTypes, wordsColumn } from './search-tables.ts'
import { vectorOf } from './search-words.ts'

/** A statement and its values. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

interface Column {
  readonly name: string
  /** How a row's value is made of what was given. */
  readonly type: string
  readonly from: (given: string) => string
  readonly valueOf: (write: SearchWrite) => unknown
}

const asIs = (given: string): string => given

/** Rows of lists cannot be given as one array: each list is given as JSON. */
const listFrom = (given: string): string =>
  `(select coalesce(array_agg(v order by n), '{}') from json_array_elements_text(${given}::json) with ordinality e (v, n)
    where ${given} is not null having ${given} is not null)`

function bodyValue(write: SearchWrite, name: string): SearchValue | undefined {
  return write.kind === 'delete' ? undefined : write.body[name]
}

function fieldOf([name, { kind, list = false }]: readonly [string, SearchField]): Column {
  const column = fieldColumn(name)
  if (list)
    return {
      name: column,
      type: 'text',
      from: listFrom,
      valueOf: (write) => {
        const value = bodyValue(write, name)
        return value === undefined ? null : JSON.stringify(value)
      },
    }
  return {
    name: column,
    type: valueTypes[kind],
    from: asIs,
    valueOf: (write) => {
      const value = bodyValue(write, name)
      return value instanceof Date ? value.getTime() : (value ?? null)
    },
  }
}

function vector(write: SearchWrite, names: readonly string[]): string | null {
  if (write.kind === 'delete') return null
  return vectorOf(names.map((name) => String(write.body[name] ?? '')))
}

function columnsOf(definition: SearchDefinition): readonly Column[] {
  const texts = textFields(definition)
  const words = (name: string, of: readonly string[]): Column => ({
    name,
    type: 'text',
    from: (given) => `${given}::tsvector`,
    valueOf: (write) => vector(write, of),
  })
  return [
    { name: 'id', type: 'text', from: asIs, valueOf: ({ id }) => id },
    { name: 'version', type: 'bigint', from: asIs, valueOf: ({ version }) => version },
    {
      name: 'deleted_at',
      type: 'boolean',
      from: (given) => `case when ${given} then clock_timestamp() end`,
      valueOf: ({ kind }) => kind === 'delete',
    },
    {
      name: 'payload',
      type: 'text',
      from: (given) => `${given}::jsonb`,
      valueOf: (write) =>
        write.kind === 'delete' || write.payload === undefined ? null : JSON.stringify(write.payload),
    },
    ...Object.entries(definition.fields).map(fieldOf),
    words('words', texts),
    ...texts.map((name) => words(wordsColumn(name), [name])),
  ]
}

// in:    an array for each column; of a series also its run
// out:   the ids that were written: where what is there is not newer, and its segment was not removed
// locks: the rows, in the order of their ids
/** Writes documents, each id once. */
export function upsertOf(
  definition: SearchDefinition,
  target: { readonly table: string; readonly segments: string; readonly run: number },
  writes: readonly SearchWrite[],
): Statement {
  const columns = columnsOf(definition)
  const names = columns.map(({ name }) => name)
  const given = columns.map((_, n) => `g${n}`)
  const sorted = writes.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const kept =
    definition.series === true
      ? `where g1 >= (select min(from_version) from ${target.segments} where run = $${columns.length + 1})`
      : ''
  const text = `
    insert into ${target.table} as kept (${names.join(', ')})
    select ${columns.map(({ from }, n) => from(`g${n}`)).join(', ')}
    from unnest(${columns.map(({ type }, n) => `$${n + 1}::${type}[]`).join(', ')}) as given (${given.join(', ')})
    ${kept} order by g0
    on conflict (id) do update set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}
    where kept.version <= excluded.version
    returning id`
  const values = columns.map(({ valueOf }) => sorted.map(valueOf))
  return { text, values: definition.series === true ? [...values, target.run] : values }
}

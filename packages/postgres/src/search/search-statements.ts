import { InvalidCursorError } from '@millrace/contracts'
import type {
  SearchAggregation,
  SearchCondition,
  SearchDefinition,
  SearchFieldKind,
  SearchFilter,
  SearchPlace,
  SearchQuery,
  SearchSelection,
  SearchText,
} from '@millrace/contracts'

import { fieldColumn, valueTypes, wordsColumn } from './search-tables.ts'
import { tsqueryOf, wordsOf } from './search-words.ts'
import type { Statement } from './write-documents.ts'

/** Gathers a statement's values; no value becomes part of a text. */
class Values {
  readonly list: unknown[] = []

  /** The placeholder of a value. */
  add(value: unknown, type: string): string {
    this.list.push(value instanceof Date ? value.getTime() : value)
    return `$${this.list.length}::${type}`
  }
}

function conditionOf({ fields }: SearchDefinition, values: Values, of: SearchCondition): string {
  const column = fieldColumn(of.field)
  const { kind = 'text', list = false } = fields[of.field] ?? {}
  const type = valueTypes[kind]
  if ('exists' in of) {
    const filled = list ? `coalesce(cardinality(${column}), 0) > 0` : `${column} is not null`
    return of.exists ? filled : `not (${filled})`
  }
  if ('is' in of || 'in' in of) {
    const wanted = ('is' in of ? [of.is] : of.in).map((value) =>
      value instanceof Date ? value.getTime() : value,
    )
    const given = values.add(wanted, `${type}[]`)
    return `coalesce(${list ? `${column} && ${given}` : `${column} = any(${given})`}, false)`
  }
  if (list) return rangeInList(column, values, of)
  const bounds = [
    ...(of.from === undefined ? [] : [`${column} >= ${values.add(of.from, type)}`]),
    ...(of.below === undefined ? [] : [`${column} < ${values.add(of.below, type)}`]),
  ]
  return `coalesce(${bounds.join(' and ')}, false)`
}

function rangeInList(
  column: string,
  values: Values,
  { from, below }: { readonly from?: unknown; readonly below?: unknown },
): string {
  const bounds = [
    ...(from === undefined ? [] : [`v collate "C" >= ${values.add(from, 'text')}`]),
    ...(below === undefined ? [] : [`v collate "C" < ${values.add(below, 'text')}`]),
  ]
  return `exists (select from unnest(${column}) v where ${bounds.join(' and ')})`
}

/** Lax: of a list on the way, any of its values. */
function jsonpathOf(path: string, value: string | number | boolean): string {
  const keys = path.split('.').map((key) => JSON.stringify(key))
  return `lax $.${keys.join('.')} ? (@ == ${JSON.stringify(value)})`
}

function filterOf(definition: SearchDefinition, values: Values, of: SearchFilter): string {
  if ('not' in of) return `not (${filterOf(definition, values, of.not)})`
  if ('all' in of || 'any' in of) {
    const [parts, word, none] = 'all' in of ? [of.all, ' and ', 'true'] : [of.any, ' or ', 'false']
    return parts.length === 0
      ? none
      : parts.map((part) => `(${filterOf(definition, values, part)})`).join(word)
  }
  if ('payload' in of)
    return `coalesce(payload @? ${values.add(jsonpathOf(of.payload, of.is), 'jsonpath')}, false)`
  return conditionOf(definition, values, of)
}

interface Found {
  readonly condition: string
  readonly rank: string
}

/** The words of all fields have an index; those of some fields are looked at beside it. */
function foundBy(values: Values, { query, fields, match = 'all' }: SearchText): Found {
  const tsquery = tsqueryOf(wordsOf(query), match)
  if (tsquery === undefined) return { condition: 'false', rank: '0::float8' }
  const given = values.add(tsquery, 'tsquery')
  if (fields === undefined)
    return { condition: `words @@ ${given}`, rank: `ts_rank(words, ${given})::float8` }
  const columns = fields.map((name) => `coalesce(${wordsColumn(name)}, '')`)
  const together = columns.join(' || ')
  const own =
    match === 'phrase'
      ? columns.map((column) => `${column} @@ ${given}`).join(' or ')
      : `(${together}) @@ ${given}`
  return { condition: `words @@ ${given} and (${own})`, rank: `ts_rank(${together}, ${given})::float8` }
}

interface Selected {
  readonly where: string
  readonly rank: string | undefined
}

function selectedBy(
  definition: SearchDefinition,
  values: Values,
  { text, where }: SearchSelection,
): Selected {
  const found = text && foundBy(values, text)
  const parts = [
    'deleted_at is null',
    ...(found === undefined ? [] : [`(${found.condition})`]),
    ...(where === undefined ? [] : [`(${filterOf(definition, values, where)})`]),
  ]
  return { where: parts.join(' and '), rank: found?.rank }
}

interface Term {
  readonly expression: string
  readonly kind: SearchFieldKind
  readonly descending: boolean
}

/** The order of a query, ending in the id: no two documents are equal in it. */
function termsOf(
  { fields }: SearchDefinition,
  { sort }: SearchQuery,
  rank: string | undefined,
): readonly Term[] {
  const chosen =
    sort?.map(({ field, direction }) => ({
      expression: fieldColumn(field),
      kind: fields[field]?.kind ?? 'text',
      descending: direction === 'descending',
    })) ?? (rank === undefined ? [] : [{ expression: rank, kind: 'number' as const, descending: true }])
  return [...chosen, { expression: 'id', kind: 'keyword', descending: false }]
}

/** How many terms the order of a query has. */
export function termCount({ sort, text }: SearchQuery): number {
  return (sort?.length ?? (text === undefined ? 0 : 1)) + 1
}

function checkPlaced(kind: SearchFieldKind, value: string | number): void {
  const isGood =
    kind === 'keyword'
      ? typeof value === 'string' && !value.includes('\0')
      : kind === 'number'
        ? Number.isFinite(value)
        : Number.isSafeInteger(value)
  if (!isGood) throw new InvalidCursorError('cursor is malformed')
}

/** Behind a place: by the first term, or level in it and behind by the rest. */
function behind(terms: readonly Term[], place: SearchPlace, values: Values): string {
  const [term, ...rest] = terms
  const [value, ...further] = place
  if (term === undefined || value === undefined) return 'false'
  checkPlaced(term.kind, value)
  const given = values.add(value, valueTypes[term.kind])
  const first = `${term.expression} ${term.descending ? '<' : '>'} ${given}`
  return rest.length === 0
    ? first
    : `(${first} or (${term.expression} = ${given} and ${behind(rest, further, values)}))`
}

/** Reads a page and one more row; `place0` and so on are the place of each. */
export function pageOf(
  definition: SearchDefinition,
  table: string,
  paged: { readonly query: SearchQuery; readonly place: SearchPlace | undefined },
): Statement {
  const { query, place } = paged
  const values = new Values()
  const { where, rank } = selectedBy(definition, values, query)
  const terms = termsOf(definition, query, rank)
  const after = place === undefined ? '' : `and ${behind(terms, place, values)}`
  const order = terms.map(({ expression, descending }) => `${expression}${descending ? ' desc' : ''}`)
  const columns = Object.keys(definition.fields).map(fieldColumn)
  const places = terms.map(({ expression }, n) => `${expression} as place${n}`)
  const text = `
    select id, version, payload, ${[...columns, ...places].join(', ')} from ${table}
    where ${where} ${after} order by ${order.join(', ')}
    limit ${values.add((query.limit ?? 20) + 1, 'int')}`
  return { text, values: values.list }
}

/** Counts a selection. */
export function countOf(definition: SearchDefinition, table: string, selection: SearchSelection): Statement {
  const values = new Values()
  const { where } = selectedBy(definition, values, selection)
  return { text: `select count(*) as count from ${table} where ${where}`, values: values.list }
}

/** Counts the documents of a selection by value or date, or sums a field of them. */
export function aggregateOf(
  definition: SearchDefinition,
  table: string,
  asked: { readonly aggregation: SearchAggregation; readonly selection: SearchSelection },
): Statement {
  const { aggregation, selection } = asked
  const values = new Values()
  const { where } = selectedBy(definition, values, selection)
  if ('stats' in aggregation) {
    const column = fieldColumn(aggregation.stats)
    const text = `select count(${column}) as count, min(${column})::float8 as min, max(${column})::float8 as max,
      coalesce(sum(${column}), 0)::float8 as sum from ${table} where ${where}`
    return { text, values: values.list }
  }
  if ('dates' in aggregation) {
    const column = fieldColumn(aggregation.dates)
    const time = `to_timestamp(${column} / 1000.0) at time zone 'UTC'`
    const by = values.add(aggregation.by, 'text')
    const text = `select (extract(epoch from date_trunc(${by}, ${time})) * 1000)::bigint as value, count(*) as count
      from ${table} where ${where} and ${column} is not null group by 1 order by 1`
    return { text, values: values.list }
  }
  const { terms, limit = 10 } = aggregation
  const list = definition.fields[terms]?.list === true
  const column = fieldColumn(terms)
  const from = list ? `${table}, lateral (select distinct v from unnest(${column}) v) e` : table
  const value = list ? 'v collate "C"' : column
  const text = `select ${value} as value, count(*) as count from ${from}
    where ${where} and ${list ? 'v' : column} is not null
    group by 1 order by 2 desc, 1 limit ${values.add(limit, 'int')}`
  return { text, values: values.list }
}

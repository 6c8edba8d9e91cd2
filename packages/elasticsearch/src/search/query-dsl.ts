import type { estypes } from '@elastic/elasticsearch'
import type {
  SearchAggregation,
  SearchCondition,
  SearchDefinition,
  SearchFilter,
  SearchQuery,
  SearchSelection,
  SearchText,
} from '@millrace/contracts'

type Dsl = NonNullable<estypes.QueryDslQueryContainer>
type Value = string | number | boolean

function valueOf(value: Value | Date): Value {
  return value instanceof Date ? value.toISOString() : value
}

function condition(of: SearchCondition): Dsl {
  const field = `body.${of.field}`
  if ('exists' in of) {
    const exists: Dsl = { exists: { field } }
    return of.exists ? exists : { bool: { must_not: [exists] } }
  }
  if ('is' in of) return { term: { [field]: valueOf(of.is) } }
  if ('in' in of) return { terms: { [field]: of.in.map(valueOf) } }
  const bounds = {
    ...(of.from === undefined ? {} : { gte: valueOf(of.from) }),
    ...(of.below === undefined ? {} : { lt: valueOf(of.below) }),
  }
  return { range: { [field]: bounds } }
}

function filter(of: SearchFilter): Dsl {
  if ('not' in of) return { bool: { must_not: [filter(of.not)] } }
  if ('all' in of) return { bool: { filter: of.all.map(filter) } }
  if ('any' in of)
    return of.any.length === 0
      ? { match_none: {} }
      : { bool: { should: of.any.map(filter), minimum_should_match: 1 } }
  return 'payload' in of ? { term: { [`payload.${of.payload}`]: String(of.is) } } : condition(of)
}

/** The text fields that are searched where none are named. */
function textFields({ fields }: SearchDefinition): readonly string[] {
  return Object.entries(fields).flatMap(([name, { kind }]) => (kind === 'text' ? [name] : []))
}

function words(definition: SearchDefinition, { query, fields, match = 'all' }: SearchText): Dsl {
  const among = (fields ?? textFields(definition)).map((name) => `body.${name}`)
  if (match === 'phrase') return { multi_match: { query, fields: among, type: 'phrase' } }
  const operator = match === 'all' ? 'and' : 'or'
  return { multi_match: { query, fields: among, type: 'cross_fields', operator } }
}

/** A document that was deleted or emptied stays as a mark of its version. */
const deleted: Dsl = { exists: { field: 'deletedAt' } }

/** The query of a selection. */
export function queryOf(definition: SearchDefinition, { text, where }: SearchSelection): Dsl {
  return {
    bool: {
      ...(text === undefined ? {} : { must: [words(definition, text)] }),
      ...(where === undefined ? {} : { filter: [filter(where)] }),
      must_not: [deleted],
    },
  }
}

/** The order of a query, ending in the id: no two documents are equal in it. */
export function sortOf({ sort, text }: SearchQuery): estypes.SortCombinations[] {
  const first: estypes.SortCombinations[] =
    sort === undefined
      ? text === undefined
        ? []
        : [{ _score: { order: 'desc' } }]
      : sort.map(({ field, direction }) => ({
          [`body.${field}`]: { order: direction === 'ascending' ? 'asc' : 'desc' },
        }))
  return [...first, { id: { order: 'asc' } }]
}

/** What is counted, under the name `counts`. */
export function aggregationOf(
  aggregation: SearchAggregation,
): NonNullable<estypes.AggregationsAggregationContainer> {
  if ('terms' in aggregation) {
    const { terms, limit = 10 } = aggregation
    return { terms: { field: `body.${terms}`, size: limit, order: [{ _count: 'desc' }, { _key: 'asc' }] } }
  }
  if ('stats' in aggregation) return { stats: { field: `body.${aggregation.stats}` } }
  const { dates, by } = aggregation
  return { date_histogram: { field: `body.${dates}`, calendar_interval: by, min_doc_count: 1 } }
}

import { InvalidValueError } from '../errors/value-errors.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { SearchDefinition, SearchField, SearchFieldKind } from './search-definition.ts'
import type {
  SearchAggregation,
  SearchCondition,
  SearchFilter,
  SearchQuery,
  SearchSelection,
  SearchText,
} from './search-query.ts'

const maxConditions = 100
const maxListed = 1000
const maxQueryLength = 1000
const maxCursorLength = 1_048_576

const exact: readonly SearchFieldKind[] = ['keyword', 'whole', 'number', 'boolean', 'date']
const ordered: readonly SearchFieldKind[] = ['keyword', 'whole', 'number', 'date']

function fieldOf(
  { fields, name }: SearchDefinition,
  at: string,
  field: unknown,
  kinds: readonly SearchFieldKind[],
): SearchField {
  const found = typeof field === 'string' && Object.hasOwn(fields, field) ? fields[field] : undefined
  if (found === undefined || !kinds.includes(found.kind))
    throw new InvalidValueError(at, `a field of index ${name} of kind ${kinds.join(', ')}`)
  return found
}

function isOfKind(kind: SearchFieldKind, value: unknown): boolean {
  if (kind === 'whole') return Number.isSafeInteger(value)
  if (kind === 'number') return Number.isFinite(value)
  if (kind === 'boolean') return typeof value === 'boolean'
  if (kind === 'date') return value instanceof Date && !Number.isNaN(value.getTime())
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
}

function checkValue(at: string, { kind }: SearchField, value: unknown): void {
  if (!isOfKind(kind, value)) throw new InvalidValueError(at, `a value of kind ${kind}`)
}

function checkCondition(definition: SearchDefinition, at: string, condition: SearchCondition): void {
  if ('exists' in condition) {
    fieldOf(definition, `${at}.field`, condition.field, [...exact, 'text'])
    if (typeof condition.exists !== 'boolean') throw new InvalidValueError(`${at}.exists`, 'true or false')
    return
  }
  if ('is' in condition || 'in' in condition) {
    const field = fieldOf(definition, `${at}.field`, condition.field, exact)
    if ('is' in condition) return checkValue(`${at}.is`, field, condition.is)
    if (!Array.isArray(condition.in) || condition.in.length === 0 || condition.in.length > maxListed)
      throw new InvalidValueError(`${at}.in`, `a list of 1 to ${maxListed} values`)
    for (const value of condition.in) checkValue(`${at}.in`, field, value)
    return
  }
  const field = fieldOf(definition, `${at}.field`, condition.field, ordered)
  if (condition.from === undefined && condition.below === undefined)
    throw new InvalidValueError(at, 'one of is, in, from, below, exists')
  if (condition.from !== undefined) checkValue(`${at}.from`, field, condition.from)
  if (condition.below !== undefined) checkValue(`${at}.below`, field, condition.below)
}

function checkPayloadCondition(at: string, path: unknown, value: unknown): void {
  if (typeof path !== 'string' || path.length > 500 || !/^[^.\0]+(?:\.[^.\0]+)*$/.test(path))
    throw new InvalidValueError(`${at}.payload`, 'a path of keys with dots between them')
  const isLeaf = typeof value === 'boolean' || isOfKind('keyword', value) || Number.isSafeInteger(value)
  if (!isLeaf) throw new InvalidValueError(`${at}.is`, 'text, a safe integer, true or false')
}

/** Counts the conditions down to what is left of them. */
function checkFilter(definition: SearchDefinition, at: string, filter: SearchFilter, left: number): number {
  if (left === 0 || typeof filter !== 'object' || filter === null)
    throw new InvalidValueError(at, `a filter of at most ${maxConditions} conditions`)
  if ('not' in filter) return checkFilter(definition, `${at}.not`, filter.not, left - 1)
  if ('all' in filter || 'any' in filter) {
    const [word, parts] = 'all' in filter ? (['all', filter.all] as const) : (['any', filter.any] as const)
    if (!Array.isArray(parts)) throw new InvalidValueError(`${at}.${word}`, 'a list of filters')
    return parts.reduce<number>(
      (rest, part: SearchFilter, index) => checkFilter(definition, `${at}.${word}[${index}]`, part, rest),
      left - 1,
    )
  }
  if ('payload' in filter) checkPayloadCondition(at, filter.payload, filter.is)
  else checkCondition(definition, at, filter)
  return left - 1
}

function checkText(definition: SearchDefinition, { query, fields = [], match = 'all' }: SearchText): void {
  if (typeof query !== 'string' || query.length > maxQueryLength || !isOfKind('text', query))
    throw new InvalidValueError(
      'query.text.query',
      `well-formed text of at most ${maxQueryLength} characters`,
    )
  for (const field of fields) fieldOf(definition, 'query.text.fields', field, ['text'])
  if (!['all', 'any', 'phrase'].includes(match))
    throw new InvalidValueError('query.text.match', "'all', 'any' or 'phrase'")
  if (!Object.values(definition.fields).some(({ kind }) => kind === 'text'))
    throw new InvalidValueError('query.text', `left out: index ${definition.name} has no field of kind text`)
}

/** @throws {@link InvalidValueError} naming the field and the rule */
export function checkSearchSelection(definition: SearchDefinition, { text, where }: SearchSelection): void {
  if (text !== undefined) checkText(definition, text)
  if (where !== undefined) checkFilter(definition, 'query.where', where, maxConditions)
}

/** @throws {@link InvalidValueError} naming the field and the rule */
export function checkSearchQuery(definition: SearchDefinition, query: SearchQuery): void {
  checkSearchSelection(definition, query)
  checkWhole('query.limit', query.limit ?? 20, { min: 1, max: 1000 })
  const sort = query.sort ?? []
  if (sort.length > 8) throw new InvalidValueError('query.sort', 'at most 8 terms')
  for (const { field, direction } of sort) {
    const { optional = false, list = false } = fieldOf(definition, 'query.sort', field, ordered)
    if (optional || list)
      throw new InvalidValueError('query.sort', 'fields that every document has one value of')
    if (direction !== 'ascending' && direction !== 'descending')
      throw new InvalidValueError('query.sort.direction', "'ascending' or 'descending'")
  }
  for (const field of query.highlight ?? []) fieldOf(definition, 'query.highlight', field, ['text'])
  if (
    query.cursor !== undefined &&
    (typeof query.cursor !== 'string' || query.cursor.length > maxCursorLength)
  )
    throw new InvalidValueError('query.cursor', 'what a page has given out')
}

/** @throws {@link InvalidValueError} naming the field and the rule */
export function checkSearchAggregation(definition: SearchDefinition, aggregation: SearchAggregation): void {
  if ('terms' in aggregation) {
    fieldOf(definition, 'aggregation.terms', aggregation.terms, ['keyword', 'whole', 'boolean'])
    checkWhole('aggregation.limit', aggregation.limit ?? 10, { min: 1, max: 1000 })
  } else if ('stats' in aggregation) {
    fieldOf(definition, 'aggregation.stats', aggregation.stats, ['whole', 'number'])
  } else {
    fieldOf(definition, 'aggregation.dates', aggregation.dates, ['date'])
    if (!['hour', 'day', 'month'].includes(aggregation.by))
      throw new InvalidValueError('aggregation.by', "'hour', 'day' or 'month'")
  }
}

import { InvalidValueError } from '@millrace/contracts'
import type { RowFields } from '@millrace/contracts'

const members = ['filter', 'tenant', 'order', 'limit', 'cursor', 'direction', 'offset']
const instantPattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function instant(place: string, value: unknown): unknown {
  if (value === null) return null
  const isOne = typeof value === 'string' && instantPattern.test(value) && isDay(value.slice(0, 10))
  const time = isOne ? new Date(value) : undefined
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new InvalidValueError(place, 'an ISO 8601 date, or a date-time with its offset')
  return time
}

/** JSON has no instants: what stands for one becomes a Date, alone or in a list. */
function operand(place: string, value: unknown): unknown {
  return Array.isArray(value) ? value.map((item, i) => instant(`${place}.${i}`, item)) : instant(place, value)
}

/** Behind an operator there is no other one, however deep a request is made to look. */
function instants(place: string, value: unknown): unknown {
  if (!isObject(value)) return operand(place, value)
  return Object.fromEntries(
    Object.entries(value).map(([operator, given]) => [operator, operand(`${place}.${operator}`, given)]),
  )
}

function filterOf(fields: RowFields, filter: unknown): unknown {
  if (!isObject(filter)) throw new InvalidValueError('filter', 'an object of fields')
  return Object.fromEntries(
    Object.entries(filter).map(([field, value]) => [
      field,
      Object.hasOwn(fields, field) && fields[field]?.type === 'instant'
        ? instants(`filter.${field}`, value)
        : value,
    ]),
  )
}

/** Only what JSON cannot say is turned here; everything is checked where the request is used. */
export function parseRequest(fields: RowFields, request: unknown): unknown {
  if (!isObject(request)) throw new InvalidValueError('request', 'an object')
  const unknown = Object.keys(request).find((member) => !members.includes(member))
  if (unknown !== undefined) throw new InvalidValueError(unknown, `one of ${members.join(', ')}`)
  const { filter, ...rest } = request
  return filter === undefined ? rest : { ...rest, filter: filterOf(fields, filter) }
}

import { InvalidValueError } from '@millrace/contracts'
import type { RowFields } from '@millrace/contracts'

const members = ['filter', 'tenant', 'order', 'limit', 'cursor', 'direction', 'offset']
const instantPattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function instant(place: string, value: unknown): unknown {
  if (value === null) return null
  const time = typeof value === 'string' && instantPattern.test(value) ? new Date(value) : undefined
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new InvalidValueError(place, 'an ISO 8601 date, or a date-time with its offset')
  return time
}

/** JSON has no instants: what stands for one becomes a Date, alone, in a list or behind an operator. */
function instants(place: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, i) => instant(`${place}.${i}`, item))
  if (!isObject(value)) return instant(place, value)
  return Object.fromEntries(
    Object.entries(value).map(([operator, operand]) => [operator, instants(`${place}.${operator}`, operand)]),
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

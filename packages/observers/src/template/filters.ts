import { jsonText, valueText } from './value-text.ts'

/** A literal that a filter is given. */
export type FilterArgument = string | number | boolean

/** A step that a value goes through. */
export type Filter = (value: unknown) => unknown

interface FilterKind {
  /** Names the arguments, for errors. */
  readonly takes: string
  /** Undefined for arguments it cannot work with. */
  readonly create: (args: readonly FilterArgument[]) => Filter | undefined
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

function isLocale(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0
  } catch {
    return false
  }
}

function toDate(value: unknown): Date | undefined {
  const isTime = value instanceof Date || typeof value === 'string' || typeof value === 'number'
  if (!isTime) return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const dateStyles = new Set(['full', 'long', 'medium', 'short'])

function isoParts(date: Date, timeZone: string): (style: string) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const parts = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]))
  const day = `${parts['year']?.padStart(4, '0')}-${parts['month']}-${parts['day']}`
  const time = `${parts['hour']}:${parts['minute']}:${parts['second']}`
  return (style) => (style === 'date' ? day : style === 'time' ? time : `${day} ${time}`)
}

function createDate([style = 'datetime', zone = 'UTC', locale = 'en']: readonly FilterArgument[]):
  | Filter
  | undefined {
  if (typeof style !== 'string' || typeof zone !== 'string' || typeof locale !== 'string') return undefined
  if (!isTimeZone(zone) || !isLocale(locale)) return undefined
  if (['date', 'time', 'datetime'].includes(style))
    return (value) => {
      const date = toDate(value)
      return date === undefined ? value : isoParts(date, zone)(style)
    }
  if (!dateStyles.has(style)) return undefined
  const dateStyle = style as Intl.DateTimeFormatOptions['dateStyle']
  const format = new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: 'short', timeZone: zone })
  return (value) => {
    const date = toDate(value)
    return date === undefined ? value : format.format(date)
  }
}

function createNumber([decimals, locale = 'en']: readonly FilterArgument[]): Filter | undefined {
  if (typeof locale !== 'string' || !isLocale(locale)) return undefined
  const isCount = Number.isInteger(decimals) && Number(decimals) >= 0 && Number(decimals) <= 20
  if (decimals !== undefined && !isCount) return undefined
  const digits = Number(decimals)
  const places = isCount ? { minimumFractionDigits: digits, maximumFractionDigits: digits } : {}
  const format = new Intl.NumberFormat(locale, places)
  return (value) => {
    if (typeof value === 'bigint') return format.format(value)
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number === 'number' && Number.isFinite(number) ? format.format(number) : value
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** A text that says a number is one: `numeric` and `bigint` columns come as text. */
function toNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'bigint') return Number(number)
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

function ofText(change: (text: string) => string): FilterKind {
  return {
    takes: 'nothing',
    create: (args) => (args.length === 0 ? (value) => change(valueText(value)) : undefined),
  }
}

/** The filters of templates by name. */
const kinds: Readonly<Record<string, FilterKind>> = {
  date: {
    takes:
      "a style ('date', 'time', 'datetime', 'short', 'medium', 'long' or 'full'), a time zone and a locale",
    create: createDate,
  },
  number: { takes: 'a number of decimals from 0 to 20 and a locale', create: createNumber },
  default: {
    takes: 'one value',
    create: (args) => (args.length === 1 ? (value) => (isEmpty(value) ? args[0] : value) : undefined),
  },
  json: { takes: 'nothing', create: (args) => (args.length === 0 ? jsonText : undefined) },
  toNumber: { takes: 'nothing', create: (args) => (args.length === 0 ? toNumber : undefined) },
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  trim: ofText((text) => text.trim()),
  truncate: {
    takes: 'a length from 1 to 10000',
    create: ([length]) => {
      const max = Number(length)
      if (!Number.isInteger(max) || max < 1 || max > 10_000) return undefined
      return (value) => {
        const characters = Array.from(valueText(value))
        return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('')
      }
    },
  },
}

/** What a name and its arguments come to: a filter, or what is wrong. */
export function createFilter(
  name: string,
  args: readonly FilterArgument[],
): Filter | { readonly problem: string } {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined)
    return { problem: `unknown filter ${name}; there are ${Object.keys(kinds).join(', ')}` }
  const filter = args.length > 3 ? undefined : kind.create(args)
  return filter ?? { problem: `filter ${name} takes ${kind.takes}` }
}

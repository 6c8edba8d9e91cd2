import type { FieldType, FieldValue } from '@millrace/contracts'

const sign = (difference: number | bigint): number => (difference < 0 ? -1 : difference > 0 ? 1 : 0)

/** By code point, as UTF-8 bytes compare; code units would put an emoji before U+FFFF. */
function compareTexts(a: string, b: string): number {
  return a === b ? 0 : sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** NaN comes after all others and equals itself, as in SQL. */
function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : Number(a > b)
}

function scaled(decimal: string, places: number): bigint {
  const [whole = '', fraction = ''] = decimal.split('.')
  return BigInt(whole + fraction.padEnd(places, '0'))
}

const placesOf = (decimal: string): number => decimal.split('.')[1]?.length ?? 0

function compareDecimals(a: string, b: string): number {
  const places = Math.max(placesOf(a), placesOf(b))
  return sign(scaled(a, places) - scaled(b, places))
}

/** Below zero where `a` comes before `b`. */
export function compareValues(type: FieldType, a: FieldValue, b: FieldValue): number {
  switch (type) {
    case 'text':
      return compareTexts(String(a), String(b))
    case 'decimal':
      return compareDecimals(String(a), String(b))
    case 'instant':
      return sign((a as Date).getTime() - (b as Date).getTime())
    default:
      return compareNumbers(Number(a), Number(b))
  }
}

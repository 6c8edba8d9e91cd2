import { InvalidValueError } from '@millrace/contracts'

/** The most digits behind the point that an amount may have. */
export const maxScale = 9
/** The most digits an amount may have in all, so that sums of many stay far from any limit of a database. */
const maxDigits = 24

const decimalPattern = /^(-?)(\d{1,24})(?:\.(\d{1,9}))?$/

/**
 * An exact decimal as a whole number of its smallest unit: `12.5` at scale 2 is `1250n`. Nothing is ever rounded.
 *
 * @returns undefined for text that has more digits behind the point than the scale, or is no decimal
 */
export function parseDecimal(text: string, scale: number): bigint | undefined {
  const [matched, sign, whole = '', fraction = ''] = decimalPattern.exec(text) ?? []
  if (matched === undefined || whole.length + scale > maxDigits) return undefined
  if (fraction.slice(scale).replaceAll('0', '') !== '') return undefined
  const units = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`)
  return sign === '-' ? -units : units
}

/** A whole number of smallest units as a decimal: `1250n` at scale 2 is `12.50`. */
export function formatDecimal(units: bigint, scale: number): string {
  if (!Number.isInteger(scale) || scale < 0 || scale > maxScale)
    throw new InvalidValueError('scale', `a whole number from 0 to ${maxScale}`)
  const sign = units < 0n ? '-' : ''
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

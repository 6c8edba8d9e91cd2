import { InvalidValueError } from '@millrace/contracts'

const maxErrorLength = 500
const maxDurationMs = 100 * 365 * 86_400_000

/** An error as it is stored: 500 characters of what JSON in UTF-8 can hold. */
export function boundedText(text: string): string {
  return text.slice(0, maxErrorLength).toWellFormed()
}

/** @throws {@link InvalidValueError} unless `text` can be part of an identity. */
export function checkText(field: string, text: string): void {
  if (text === '' || text.includes('\0') || !text.isWellFormed())
    throw new InvalidValueError(field, 'text, not empty, without lone surrogates or U+0000')
}

/** The same names on every processor store. @throws {@link InvalidValueError} */
export function checkProcessorName(field: string, name: string): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (!/^[^\u0000-\u001f\u007f:]{1,100}$/.test(name) || !name.isWellFormed() || name.trim() === '')
    throw new InvalidValueError(field, 'a name of 1 to 100 characters without colons or control characters')
}

/** @throws {@link InvalidValueError} */
export function checkWhole(
  field: string,
  value: number,
  range: { readonly min: number; readonly max?: number },
): void {
  const { min, max = Number.MAX_SAFE_INTEGER } = range
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`
  throw new InvalidValueError(field, `a whole number from ${min} ${upTo}`)
}

/** @throws {@link InvalidValueError} unless `value` is a duration in milliseconds that times can be counted on with. */
export function checkDuration(field: string, value: number): void {
  if (!(value >= 0 && value <= maxDurationMs))
    throw new InvalidValueError(field, 'milliseconds from 0 to 100 years')
}

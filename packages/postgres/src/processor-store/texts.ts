import { InvalidValueError } from '@millrace/contracts'

const maxErrorLength = 500

/** An error or reason as it is stored: 500 characters of what SQL text and JSON can hold. */
export function boundedText(text: string): string {
  return cleanText(text.slice(0, maxErrorLength))
}

/** The text without what SQL text cannot hold. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}')
}

/** @throws {@link InvalidValueError} unless `text` can be part of an identity. */
export function checkText(field: string, text: string): void {
  if (text === '' || text.includes('\0') || !text.isWellFormed())
    throw new InvalidValueError(field, 'text, not empty, without lone surrogates or U+0000')
}

/** Processor names stand between colons in delivery ids. @throws {@link InvalidValueError} */
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

/** @throws {@link InvalidValueError} unless `value` is a duration in milliseconds that timestamps can hold. */
export function checkDuration(field: string, value: number): void {
  if (!(value >= 0 && value <= 100 * 365 * 86_400_000))
    throw new InvalidValueError(field, 'milliseconds from 0 to 100 years')
}

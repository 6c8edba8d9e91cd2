import { InvalidValueError } from '../errors/value-errors.ts'

const maxDurationMs = 100 * 365 * 86_400_000

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

/** @throws {@link InvalidValueError} unless `value` is a duration in milliseconds that times can be counted on with. */
export function checkDuration(field: string, value: number): void {
  if (!(value >= 0 && value <= maxDurationMs))
    throw new InvalidValueError(field, 'milliseconds from 0 to 100 years')
}

import { InvalidValueError } from '../errors/value-errors.ts'

/** @throws {@link InvalidValueError} unless `value` is a whole number in the range */
export function checkWhole(
  field: string,
  value: number,
  range: { readonly min: number; readonly max?: number },
): void {
  const { min, max = Number.MAX_SAFE_INTEGER } = range
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new InvalidValueError(
    field,
    `a whole number from ${min} ${range.max === undefined ? 'up' : `to ${max}`}`,
  )
}

import { ConfigurationError } from '@millrace/contracts'

/** Settings of {@link createMasker}. */
export interface MaskerOptions {
  /** Names of members, wherever they are, whatever their case: `email`; with a dot only below that one: `address.street`. */
  readonly fields: readonly string[]
  /** Stands in their place. @defaultValue `'***'` */
  readonly instead?: string
}

/** A copy of a value with its named members masked; for logs and for people who look on. */
export type Masker = <Value>(value: Value) => Value

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** @throws {@link ConfigurationError} for a name that is empty */
export function createMasker({ fields, instead = '***' }: MaskerOptions): Masker {
  if (fields.some((field) => field.split('.').includes('')))
    throw new ConfigurationError('fields', 'must be names, or names joined by dots')
  const suffixes = fields.map((field) => `.${field.toLowerCase()}`)
  const masked = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => masked(item, path))
    if (!isPlain(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const here = `${path}.${key.toLowerCase()}`
        const isMasked =
          member !== null && member !== undefined && suffixes.some((suffix) => here.endsWith(suffix))
        return [key, isMasked ? instead : masked(member, here)]
      }),
    )
  }
  return <Value>(value: Value) => masked(value, '') as Value
}

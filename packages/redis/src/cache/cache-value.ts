import type { StoredValue, StoreEntry } from '@millrace/contracts'

/**
 * Values of version 1: `j`, its end as 13 digits of epoch milliseconds, and JSON; `n` and its end for a known absence; `t`,
 * the versions of its tags with commas between, and a line break before either of these; `x` and a random text where a key
 * was invalidated, so that no load begun before is kept.
 */
export const mark = { json: 'j', absent: 'n', tagged: 't', invalidated: 'x' } as const

/** What a read saw, as {@link WriteTicket} carries it. */
export interface Seen {
  /** What the key begins with; empty for nothing. */
  readonly begins: string
}

const endDigits = 13

/** An entry as it is written. */
export function cacheValue(
  { text, endsAt }: Pick<StoreEntry, 'text' | 'endsAt'>,
  versions: readonly string[],
): string {
  const end = String(endsAt).padStart(endDigits, '0')
  const value = text === undefined ? mark.absent + end : mark.json + end + text
  return versions.length === 0 ? value : `${mark.tagged}${versions.join(',')}\n${value}`
}

function storedAt(value: string, at: number): StoredValue {
  const begin = at + 1 + endDigits
  const endsAt = Number(value.slice(at + 1, begin))
  return value[at] === mark.absent
    ? { kind: 'absent', endsAt }
    : { kind: 'hit', text: value.slice(begin), endsAt }
}

function miss(begins: string): StoredValue {
  const ticket: Seen = { begins }
  return { kind: 'miss', ticket: { ticket } }
}

/** What a value says whose tags have these versions now; null for one that has none. */
export function readCacheValue(value: string | null, versions: readonly (string | null)[]): StoredValue {
  if (value === null) return miss('')
  if (value[0] === mark.invalidated) return miss(value)
  if (value[0] !== mark.tagged) return versions.length === 0 ? storedAt(value, 0) : miss(value.slice(0, 1))
  const head = value.indexOf('\n')
  const valid = !versions.includes(null) && value.slice(1, head) === versions.join(',')
  return valid && versions.length > 0 ? storedAt(value, head + 1) : miss(value.slice(0, head + 1))
}

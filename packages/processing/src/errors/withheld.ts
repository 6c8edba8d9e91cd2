import { isMillraceError } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'

type Encrypted = Pick<StoredEvent, 'encryption'>

/** Of our own, those that say nothing of any event's data. */
const harmless: ReadonlySet<string> = new Set([
  'ERR_CONNECTION',
  'ERR_STORE_FULL',
  'ERR_FENCED',
  'ERR_LOG_REPLACED',
  'ERR_KEY_UNAVAILABLE',
  'ERR_DECRYPTION_FAILED',
  'ERR_SUBJECT_ERASED',
  'ERR_UNKNOWN_EVENT_VERSION',
])

/** Errors whose texts may quote what only the key of a data subject opens. */
const withheld = new WeakSet<object>()

/** Whether only what an error is may be kept and shown, not what it says. */
export function isWithheld(error: unknown): boolean {
  return typeof error === 'object' && error !== null && withheld.has(error)
}

/**
 * What was thrown about these records. Where one of them is encrypted its text is withheld from whatever is kept or shown:
 * errors quote data, and what an erased person's key no longer opens must not lie in plain text beside it.
 */
export function thrownAbout(records: readonly Encrypted[], error: unknown): unknown {
  if (
    (isMillraceError(error) && harmless.has(error.code)) ||
    records.every(({ encryption }) => encryption === undefined)
  )
    return error
  const kept = typeof error === 'object' && error !== null ? error : new Error(String(error))
  withheld.add(kept)
  return kept
}

/** Does work on records; what it throws is {@link thrownAbout} them. */
export async function workOn<Result>(
  records: readonly { readonly stored: Encrypted }[],
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw thrownAbout(
      records.map(({ stored }) => stored),
      error,
    )
  }
}

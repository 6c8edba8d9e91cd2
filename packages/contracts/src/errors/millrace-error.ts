/**
 * The root of every error Millrace raises on purpose. `name` and `code` are literal and stable, the facts are
 * fields, and `retryable` says whether the same call may succeed later without any change by the caller.
 */
export abstract class MillraceError extends Error {
  abstract override readonly name: string
  /** Stable across releases, of the form `ERR_...`. */
  abstract readonly code: `ERR_${string}`
  /** True when the same call may succeed later as it is. */
  abstract readonly retryable: boolean
}

/** True for every error of the Millrace hierarchy, also across copies of this package. */
export function isMillraceError(error: unknown): error is MillraceError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_') &&
    'retryable' in error &&
    typeof error.retryable === 'boolean'
  )
}

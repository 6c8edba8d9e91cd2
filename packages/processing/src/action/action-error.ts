import { MillraceError } from '@millrace/contracts'

/**
 * What an attempt's failure means. `transient`: another attempt may succeed; counted. `permanent`: none will; a dead
 * letter at once. `unreachable`: the destination was not reached at all, so nothing can have happened there; tried
 * again without being counted, until the delivery is too old. `deferred`: nothing was tried, as the destination is known to
 * be away or busy; tried again without being counted, however old the delivery is.
 */
export type ActionFailureKind = 'transient' | 'permanent' | 'unreachable' | 'deferred'

/** The facts of an {@link ActionError}. */
export interface ActionErrorOptions extends ErrorOptions {
  readonly kind: ActionFailureKind
  /** Of the answer, where there was one. */
  readonly statusCode?: number | undefined
  /** Milliseconds the destination asks to be left alone; at most a day is honoured. */
  readonly retryAfterMs?: number | undefined
}

const transientStatuses = new Set([408, 425, 429])
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // A host that drops packets: nothing was sent.
  'UND_ERR_CONNECT_TIMEOUT',
])

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : []
  return [...own, ...inner, ...codesOf(error.cause)]
}

/** How an attempt of an action failed, and what that means for the next one. */
export class ActionError extends MillraceError {
  override readonly name = 'ActionError'
  override readonly code = 'ERR_ACTION'
  override readonly retryable: boolean
  readonly kind: ActionFailureKind
  readonly statusCode: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ActionErrorOptions) {
    const { kind, statusCode, retryAfterMs, ...rest } = options
    super(message, rest)
    this.kind = kind
    this.retryable = kind !== 'permanent'
    this.statusCode = statusCode
    this.retryAfterMs = retryAfterMs
  }

  /** For an HTTP answer that is no success: 408, 425, 429 and 5xx are transient, everything else permanent. */
  static fromStatus(statusCode: number, retryAfterMs?: number): ActionError {
    const kind = statusCode >= 500 || transientStatuses.has(statusCode) ? 'transient' : 'permanent'
    return new ActionError(`answered ${statusCode}`, { kind, statusCode, retryAfterMs })
  }

  /** For what `fetch` or a socket threw: a refused connection or an unknown host is unreachable, the rest transient. */
  static fromNetwork(error: unknown): ActionError {
    if (error instanceof ActionError) return error
    const kind = codesOf(error).some((code) => unreachableCodes.has(code)) ? 'unreachable' : 'transient'
    const message = error instanceof Error ? error.message : String(error)
    return new ActionError(message, { kind, cause: error })
  }
}

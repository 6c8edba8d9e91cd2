import { errors } from '@elastic/elasticsearch'
import { ConfigurationError, ConnectionError } from '@millrace/contracts'

/** The server answers, but cannot do this now. */
const passing = new Set([429, 502, 503, 504])

interface Fault {
  readonly type?: string
  readonly reason?: string
}

/** The value that a field could not take may be anybody's personal data: errors are kept and shown. */
function withoutValue(reason: string): string {
  return reason.replace(/\s*(?:Preview of field's value|For input string|with value)\s*[:[].*$/s, '')
}

/** What the server says of a failure, without any value. */
export function reasonOf({ type = 'unknown', reason = '' }: Fault): string {
  return `${type}: ${withoutValue(reason)}`
}

/** A request that the server has refused. The client's own error holds the whole request, with all documents in it. */
class RefusedRequestError extends Error {
  override readonly name = 'RefusedRequestError'
  readonly status: number
  /** The server's name for the failure. */
  readonly type: string
  constructor(target: string, status: number, fault: Fault) {
    super(`${target}: answered ${status}: ${reasonOf(fault)}`)
    this.status = status
    this.type = fault.type ?? 'unknown'
  }
}

/** The status of an answer that is a failure; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof RefusedRequestError ? error.status : undefined
}

/** The server's name for the failure. */
export function typeOf(error: unknown): string | undefined {
  return error instanceof RefusedRequestError ? error.type : undefined
}

/** True where the server is too busy, and the same request may succeed later. */
export function isBusy(error: unknown): boolean {
  const status = statusOf(error)
  return status !== undefined && passing.has(status)
}

/** What is left of a failure of the client when the request is taken out of it. */
export function withoutRequest(error: unknown, target: string): unknown {
  if (error instanceof errors.ResponseError) {
    const body = error.body as { readonly error?: Fault | string } | undefined
    const fault = typeof body?.error === 'object' ? body.error : {}
    return new RefusedRequestError(target, error.statusCode ?? 0, fault)
  }
  if (error instanceof errors.ElasticsearchClientError)
    return new ConnectionError(`${target}: ${error.message || error.name}`)
  return error
}

/** What a refusal means in our hierarchy; one that only its caller can judge passes through as it is. */
export function mapRefusal(error: unknown): unknown {
  const status = statusOf(error)
  const reason = error instanceof Error ? error.message : String(error)
  if (isBusy(error)) return new ConnectionError(reason, { cause: error })
  if (status === 401 || status === 403)
    return new ConfigurationError('elasticsearch', `the server refused this user: ${reason}`, {
      cause: error,
    })
  return error
}

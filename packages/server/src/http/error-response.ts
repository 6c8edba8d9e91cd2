import { isMillraceError } from '@millrace/contracts'
import type { MillraceError } from '@millrace/contracts'

/** What every refusal carries in its body, under `error`. */
export interface ErrorBody {
  /** Stable, of the form `ERR_...`. */
  readonly code: string
  readonly message: string
  /** The field that is wrong, where it is one. */
  readonly field?: string
  /** The rule it breaks. */
  readonly rule?: string
}

const statusByCode: Readonly<Record<string, number>> = {
  ERR_INVALID_VALUE: 400,
  ERR_INVALID_STREAM_NAME: 400,
  ERR_INVALID_CURSOR: 400,
  ERR_RULE: 400,
  // What was asked for does not fit what is there; a server's own configuration is read before it serves.
  ERR_CONFIGURATION: 422,
  ERR_BODY_INTERRUPTED: 400,
  ERR_UNAUTHORIZED: 401,
  ERR_FORBIDDEN: 403,
  ERR_ACCESS_DENIED: 403,
  ERR_NOT_FOUND: 404,
  ERR_STREAM_NOT_FOUND: 404,
  ERR_SNAPSHOT_NOT_FOUND: 404,
  ERR_STORE_MISSING: 404,
  ERR_METHOD_NOT_ALLOWED: 405,
  ERR_CONCURRENCY: 409,
  ERR_DUPLICATE_EVENT: 409,
  ERR_STREAM_TOMBSTONED: 409,
  ERR_LOG_REPLACED: 409,
  ERR_LOG_ARCHIVED: 409,
  ERR_PARTITION_HELD: 409,
  ERR_ARCHIVE_BUSY: 409,
  ERR_SUBJECT_ERASED: 409,
  ERR_PROJECTION_REBUILD_IN_PROGRESS: 409,
  ERR_PAYLOAD_TOO_LARGE: 413,
  ERR_EVENT_SERIALIZATION: 422,
  ERR_UNKNOWN_EVENT_VERSION: 422,
  ERR_NOT_SUPPORTED: 422,
  ERR_INVALID_SNAPSHOT: 422,
  ERR_ARCHIVE: 422,
}

/** A JSON answer that no cache keeps. */
export function jsonResponse(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

/** A refusal in the one shape of all of them. */
export function refusal(
  status: number,
  error: ErrorBody,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonResponse({ error }, status, headers)
}

function bodyOf(error: MillraceError): ErrorBody {
  const { code, message } = error
  const { field, rule } = error as { readonly field?: unknown; readonly rule?: unknown }
  return {
    code,
    message,
    ...(typeof field === 'string' ? { field } : {}),
    ...(typeof rule === 'string' ? { rule } : {}),
  }
}

/**
 * The answer to an error: its own status and message where it is one of ours, else 500 and nothing of it. Never a
 * stack trace.
 */
export function errorResponse(error: unknown): Response {
  if (!isMillraceError(error))
    return refusal(500, { code: 'ERR_INTERNAL', message: 'the server failed; its log says why' })
  const status = statusByCode[error.code] ?? (error.retryable ? 503 : 500)
  return refusal(status, bodyOf(error))
}

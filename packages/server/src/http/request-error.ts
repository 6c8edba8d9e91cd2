import { MillraceError } from '@millrace/contracts'

/** The request carries no valid token. */
export class UnauthorizedError extends MillraceError {
  override readonly name = 'UnauthorizedError'
  override readonly code = 'ERR_UNAUTHORIZED'
  override readonly retryable = false
}

/** The request comes from where it may not come from. */
export class ForbiddenError extends MillraceError {
  override readonly name = 'ForbiddenError'
  override readonly code = 'ERR_FORBIDDEN'
  override readonly retryable = false
}

/** The body of a request ended before its time: the client went away, or took too long. */
export class BodyInterruptedError extends MillraceError {
  override readonly name = 'BodyInterruptedError'
  override readonly code = 'ERR_BODY_INTERRUPTED'
  override readonly retryable = false
}

/** What was asked for does not exist. */
export class NotFoundError extends MillraceError {
  override readonly name = 'NotFoundError'
  override readonly code = 'ERR_NOT_FOUND'
  override readonly retryable = false
}

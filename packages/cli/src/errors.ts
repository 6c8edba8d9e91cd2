import { MillraceError } from '@millrace/contracts'

/** The command line asks for something that makes no sense. */
export class UsageError extends MillraceError {
  override readonly name = 'UsageError'
  override readonly code = 'ERR_USAGE'
  override readonly retryable = false
}

/** What the command is about does not exist. */
export class NotFoundError extends MillraceError {
  override readonly name = 'NotFoundError'
  override readonly code = 'ERR_NOT_FOUND'
  override readonly retryable = false
}

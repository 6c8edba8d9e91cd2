import { MillraceError } from '@millrace/contracts'

/** An archive is not what was written, or cannot be restored where it was to go; nothing was changed. */
export class ArchiveError extends MillraceError {
  override readonly name = 'ArchiveError'
  override readonly code = 'ERR_ARCHIVE'
  override readonly retryable = false
  readonly folder: string
  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`archive ${folder}: ${problem}`, options)
    this.folder = folder
  }
}

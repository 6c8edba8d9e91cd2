import { MillraceError } from '@millrace/contracts'

/** There is no store where one was to be looked at. Nothing was created. */
export class StoreMissingError extends MillraceError {
  override readonly name = 'StoreMissingError'
  override readonly code = 'ERR_STORE_MISSING'
  override readonly retryable = false
  /** The data folder, or host and database; never a password. */
  readonly place: string
  constructor(place: string, hint: string, options?: ErrorOptions) {
    super(`there is no Millrace store in ${place}; ${hint}`, options)
    this.place = place
  }
}

/** An archive is being written or compared by somebody else. */
export class ArchiveBusyError extends MillraceError {
  override readonly name = 'ArchiveBusyError'
  override readonly code = 'ERR_ARCHIVE_BUSY'
  override readonly retryable = true
  readonly archive: string
  constructor(archive: string, heldBy: string, options?: ErrorOptions) {
    super(`archive ${archive} is in use by ${heldBy}; try again when that is done`, options)
    this.archive = archive
  }
}

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

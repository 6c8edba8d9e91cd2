import { MillraceError } from '@millrace/contracts'

/** A log was not replaced, and is as it was. */
export class SwapRefusedError extends MillraceError {
  override readonly name = 'SwapRefusedError'
  override readonly code = 'ERR_SWAP_REFUSED'
  override readonly retryable = false
}

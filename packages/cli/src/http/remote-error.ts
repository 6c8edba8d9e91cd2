import { MillraceError } from '@millrace/contracts'

/** The server refused a request. */
export class RemoteError extends MillraceError {
  override readonly name = 'RemoteError'
  override readonly code = 'ERR_REMOTE'
  override readonly retryable: boolean
  /** Of the HTTP answer. */
  readonly status: number
  /** The server's own error code, where it gave one. */
  readonly remoteCode: string | undefined
  constructor(
    answer: { readonly status: number; readonly code?: string; readonly message?: string },
    options?: ErrorOptions,
  ) {
    super(answer.message ?? `the server answered ${answer.status}`, options)
    this.status = answer.status
    this.remoteCode = answer.code
    this.retryable = answer.status === 503
  }
}

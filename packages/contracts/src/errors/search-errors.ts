import { MillraceError } from './millrace-error.ts'

/** Documents that a search index will never take. */
export class SearchRejectedError extends MillraceError {
  override readonly name = 'SearchRejectedError'
  override readonly code = 'ERR_SEARCH_REJECTED'
  override readonly retryable = false
  readonly index: string
  /** Of the first of them. */
  readonly documentId: string
  readonly reason: string
  constructor(
    rejected: { readonly index: string; readonly documentId: string; readonly reason: string },
    options?: ErrorOptions,
  ) {
    const { index, documentId, reason } = rejected
    super(`search index ${index} does not take document ${documentId}: ${reason}`, options)
    this.index = index
    this.documentId = documentId
    this.reason = reason
  }
}

/** Why a request has no answer. */
export type Silence =
  | 'timeout'
  | 'disconnected'
  | 'no-responders'
  /** The answer is older than what the server acknowledged before. */
  | 'stale'

/**
 * A request was not answered. Whether the server acted on it is not known (with `no-responders` it did not). Never
 * leaves this package: who asked finds out what happened, asks again, or gives up with a `ConnectionError`.
 */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly silence: Silence
  constructor(silence: Silence, subject: string) {
    super(`request to ${subject}: ${silence}`)
    this.silence = silence
  }
}

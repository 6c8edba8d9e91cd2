import { MillraceError } from '@millrace/contracts'

/** Other writers of the aggregate's stream were faster in every attempt; nothing was written. The cause is the last conflict. */
export class AggregateContendedError extends MillraceError {
  override readonly name = 'AggregateContendedError'
  override readonly code = 'ERR_AGGREGATE_CONTENDED'
  override readonly retryable = true
  readonly streamId: string
  /** How often the command was decided and refused by the store. */
  readonly attempts: number
  constructor(streamId: string, attempts: number, options?: ErrorOptions) {
    super(`a command to ${streamId} met other writers in each of ${attempts} attempts`, options)
    this.streamId = streamId
    this.attempts = attempts
  }
}

/** A state machine was led where its definition knows no way: by an event that has no place in its state, or by a step that gave another state than it declares. */
export class UndeclaredTransitionError extends MillraceError {
  override readonly name = 'UndeclaredTransitionError'
  override readonly code = 'ERR_UNDECLARED_TRANSITION'
  override readonly retryable = false
  /** The kind of the state before. */
  readonly state: string
  readonly eventType: string
  constructor(
    at: { readonly state: string; readonly eventType: string },
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`event ${at.eventType} in state ${at.state}: ${problem}`, options)
    this.state = at.state
    this.eventType = at.eventType
  }
}

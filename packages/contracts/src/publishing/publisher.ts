import type { CloudEvent } from '../envelope/cloud-event.ts'

/** Options of {@link Publisher.publish}. */
export interface PublishOptions {
  /** Ends the wait; what was handed over may still arrive. */
  readonly signal?: AbortSignal
}

/** Hands events over to other systems. Every adapter passes `publisherContract`. */
export interface Publisher {
  /** Names it in errors and status. */
  readonly name: string
  /**
   * Resolves once the other side has all of the events for good, in the given order. Safe to repeat: an event keeps its
   * `id`, by which the other side, or whoever reads there, tells a repeat. After an error any of them may have arrived.
   * @throws {@link PublisherError}, retryable when the other side is to blame and not the event
   */
  publish(events: readonly CloudEvent[], options?: PublishOptions): Promise<void>
}

import type { EventDecoderOptions, EventStore, StateSnapshots, StreamId } from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import type { RetryOptions } from './backoff.ts'

/** How an aggregate's id becomes the id of its stream. */
export type AggregateStreams =
  | {
      /** The category of all streams; the aggregate's id is the key. */
      readonly category: string
    }
  | {
      /** Any other rule, for example a `StreamNaming`; two ids must never give one stream. */
      readonly streamIdOf: (id: string) => StreamId
    }

/** Settings of `createAggregates`. */
export type AggregatesOptions<State, Command, E extends AnyEvents> = AggregateStreams & {
  readonly store: EventStore
  readonly decider: DefinedDecider<State, Command, E>
  /** Serializers, decryption and upcasters of the reading side. @defaultValue JSON, every event current */
  readonly decoding?: EventDecoderOptions
  /**
   * Whether each event's schema is run over its data when a stream is loaded: for schemas that make more of their data
   * than a serializer gives back. @defaultValue false
   */
  readonly validate?: boolean
  /**
   * How many states are kept; 0 for none. One that is kept outlives the erasure of whom it is about.
   * @defaultValue 1000, and 0 where `decoding` decrypts
   */
  readonly cacheSize?: number
  /** Saved states: a load begins at one instead of at the first event. @defaultValue none */
  readonly snapshots?: StateSnapshots<State>
  readonly retry?: RetryOptions
  /** Fractions for the length of pauses. @defaultValue `Math.random` */
  readonly random?: () => number
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

import { createEventDecoder } from '@millrace/contracts'
import type {
  EventDecoder,
  EventDecoderOptions,
  EventStore,
  EventVersion,
  SnapshotOutcome,
  StateSnapshots,
  StreamId,
} from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import type { LoadedAggregate } from '../handling/aggregates.ts'
import { untilOf } from '../handling/instant-options.ts'
import type { StateAtOptions } from '../handling/instant-options.ts'
import { noSnapshots } from '../handling/no-snapshots.ts'
import type { Loaded } from '../handling/state-cache.ts'
import { StreamHistory } from '../handling/stream-history.ts'

/** Settings of {@link createStateReader}. */
export interface StateReaderOptions<State, E extends AnyEvents> {
  readonly store: EventStore
  /** The rules of the fold; every decider is one. */
  readonly decider: Pick<DefinedDecider<State, never, E>, 'events' | 'initial' | 'evolve'>
  /** Serializers, decryption and upcasters, or a decoder that is made of them. @defaultValue JSON, every event current */
  readonly decoding?: EventDecoderOptions | EventDecoder
  /** As in `createAggregates`. @defaultValue false */
  readonly validate?: boolean
  /** @defaultValue none: every load reads the whole stream */
  readonly snapshots?: StateSnapshots<State>
}

/** The states of one kind of stream, for who only looks. */
export interface StateReader<State> {
  /** The state now, or after a version; the initial one at version 0 for a stream that is missing or tombstoned. */
  load(
    streamId: StreamId,
    options?: { readonly toVersion?: number; readonly signal?: AbortSignal },
  ): Promise<LoadedAggregate<State>>
  /**
   * The state as it was at an instant: the fold of all versions before the first event with a later time.
   * @throws {@link StreamNotFoundError} {@link InvalidValueError}
   */
  stateAt(streamId: StreamId, instant: Date, options?: StateAtOptions): Promise<LoadedAggregate<State>>
  /**
   * Saves the state as it is now. @throws {@link StreamNotFoundError} {@link NotSupportedError} where no snapshots are kept
   */
  takeSnapshot(streamId: StreamId, options?: { readonly signal?: AbortSignal }): Promise<SnapshotOutcome>
}

function viewOf<State>(streamId: StreamId, { state, version }: Loaded<State>): LoadedAggregate<State> {
  return { streamId, version: version as EventVersion, state }
}

/** Folds streams without handling commands. Holds nothing that has to be closed. */
export function createStateReader<State, E extends AnyEvents>(
  options: StateReaderOptions<State, E>,
): StateReader<State> {
  const { store, decider, decoding = {}, validate = false, snapshots } = options
  const decode = typeof decoding === 'function' ? decoding : createEventDecoder(decoding)
  const history = new StreamHistory({ store, decider, decode, validate, snapshots })
  return {
    load: async (streamId, bounds = {}) => {
      const { loaded } = await history.load(streamId, undefined, bounds)
      return viewOf(streamId, loaded)
    },
    stateAt: async (streamId, instant, { signal, ...at } = {}) =>
      viewOf(streamId, await history.stateAt(streamId, untilOf(instant, at), signal)),
    takeSnapshot: async (streamId, { signal } = {}) => {
      if (snapshots === undefined) throw noSnapshots()
      return await history.takeSnapshot(streamId, snapshots, { signal })
    },
  }
}

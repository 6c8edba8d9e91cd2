import type { StreamId } from '../ids/stream-id.ts'
import type { CommitId } from '../ids/ulid.ts'
import type { EventVersion } from '../values/event-version.ts'
import type { Position } from '../values/position.ts'
import type { SnapshotBound } from './snapshot-store.ts'
import type { SnapshotHeader } from './snapshot.ts'

/** A state, and where in its stream it stands. */
export interface FoldedState<State> {
  readonly state: State
  /** From 1. */
  readonly version: EventVersion
  readonly position: Position
  readonly commitId: CommitId
  /** The latest occurred-at of all events in the state. */
  readonly occurredAt: Date
  /** The latest recorded-at of all events in the state. */
  readonly recordedAt: Date
  /** The data subjects of all encrypted events in the state. */
  readonly subjects: readonly string[]
}

/** What became of a state that was to be saved. */
export type SnapshotOutcome =
  | { readonly kind: 'saved'; readonly snapshot: SnapshotHeader }
  | {
      readonly kind: 'skipped'
      /**
       * `sealing`: the stream holds encrypted events, and there is nothing to seal the state with, or a key is gone.
       * `not-serializable`: the state holds a value that JSON and its tags cannot represent.
       */
      readonly reason: 'sealing' | 'not-serializable'
      readonly problem: string
    }

/**
 * Snapshots of the states of one kind of stream, for whoever folds them. Filled by the snapshots package.
 *
 * Nothing here makes a load fail: a snapshot that is missing, damaged, outdated or out of reach costs a fold of the events.
 */
export interface StateSnapshots<State> {
  /** The newest state that may be believed; undefined: fold from the beginning. Never rejects. */
  find(streamId: StreamId, bound?: SnapshotBound): Promise<FoldedState<State> | undefined>
  /** Takes back what {@link StateSnapshots.find} gave: the stream does not go on from there. Never rejects. */
  refuse(streamId: StreamId, found: FoldedState<State>): Promise<void>
  /** Hands in a state that a load folded from so many events; saved in the background where a snapshot is due. */
  offer(streamId: StreamId, folded: FoldedState<State>, events: number): void
  /** Whether a snapshot is due after an append that took a stream from one version to another. */
  isDue(before: number, after: number): boolean
  /** Does some work for a stream in the background, unless it is at it already. A failure is told, not thrown. */
  inBackground(streamId: StreamId, work: () => Promise<unknown>): void
  /** Saves a state at once, due or not. @throws what the store throws */
  save(streamId: StreamId, folded: FoldedState<State>): Promise<SnapshotOutcome>
}

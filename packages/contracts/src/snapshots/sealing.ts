import type { Encryption } from '../envelope/envelope.ts'
import type { StreamId } from '../ids/stream-id.ts'
import type { EventVersion } from '../values/event-version.ts'

/** What a sealed state belongs to. Whoever seals binds it to this, so that it opens nowhere else. */
export interface SealingContext {
  readonly streamId: StreamId
  readonly name: string
  readonly version: EventVersion
  /** The data subjects of all encrypted events in the state, sorted; at least one. */
  readonly subjects: readonly string[]
}

/** A state nobody can read without the keys of all its subjects. */
export interface SealedState {
  readonly bytes: Uint8Array
  /** The keys it was sealed with, one for each subject. */
  readonly encryption: readonly Encryption[]
}

/** Keeps what is encrypted in a stream encrypted in its snapshots. Filled by the privacy package. */
export interface SnapshotSealing {
  /** Undefined where a subject's key is gone: then no snapshot is kept. */
  seal(state: Uint8Array, context: SealingContext): Promise<SealedState | undefined>
  /** Undefined where a subject's key is gone: then the snapshot is removed. Throws on bytes that were changed. */
  open(sealed: SealedState, context: SealingContext): Promise<Uint8Array | undefined>
}

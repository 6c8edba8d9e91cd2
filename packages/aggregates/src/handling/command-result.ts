import type { CommitId, Envelope, EventVersion, Position, StreamId } from '@millrace/contracts'

import type { Rejection } from '../decider/rejection.ts'

/** A command was accepted, and what it led to is recorded. */
export interface Accepted<Event> {
  readonly kind: 'accepted'
  readonly streamId: StreamId
  /** The stream's version after the command's last event; the current one where it led to no event. */
  readonly version: EventVersion
  /** What was decided; none where nothing had to be done. */
  readonly events: readonly Event[]
  /** Place of the last event in the whole log; undefined where there is none. */
  readonly position: Position | undefined
  /**
   * The command's events as they were recorded, read from the store as fast as they are asked for, and then the end. May
   * be iterated several times. A stream that was tombstoned since yields nothing.
   */
  readonly stream: AsyncIterable<Envelope>
  /** As it was given. */
  readonly commandId: CommitId | undefined
  /** True when the command had been handled before: this is the first result, nothing was decided or written now. */
  readonly replayed: boolean
}

/** A command was refused; nothing was recorded. */
export interface Rejected {
  readonly kind: 'rejected'
  readonly streamId: StreamId
  /** The version it was refused at. */
  readonly version: EventVersion
  readonly rejection: Rejection
  /** As it was given. */
  readonly commandId: CommitId | undefined
}

/** What became of a command. */
export type CommandResult<Event> = Accepted<Event> | Rejected

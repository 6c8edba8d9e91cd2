import type { CommitId, EventDecoder, EventStore, IdFactory } from '@millrace/contracts'

import type { Onboardings, People } from '../people.ts'

/** What the chapters of the story share. */
export interface Scene {
  readonly store: EventStore
  /** Reads whatever generation an event is of as one of today. */
  readonly decode: EventDecoder
  readonly people: People
  readonly onboardings: Onboardings
  /** Makes a name unique to this run, so that a store may hear the story twice. */
  readonly id: (name: string) => string
  readonly mint: IdFactory
  readonly say: (line: string) => void
}

/** A ULID that names a command. */
export function commandId(mint: IdFactory): CommitId {
  return mint() as string as CommitId
}

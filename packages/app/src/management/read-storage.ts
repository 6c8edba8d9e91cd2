import { ConnectionError, formatPosition } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import type { JetStreamStore } from '@millrace/jetstream'

import type { Storage } from '../open/storage.ts'
import { jetStreamView } from './jetstream-views.ts'
import type { StorageView } from './views.ts'

/** What is asked about where events are. */
export interface StorageSource {
  readonly storage: Storage
  readonly store: EventStore
  readonly jetstream: Pick<JetStreamStore, 'health' | 'consumers'> | undefined
}

// A store on JetStream waits for the election of a leader; whoever asks for the state wants to know now.
const patienceMs = 3_000

/** What the store says, or that it says nothing. */
async function inTime<Answer>(asked: Promise<Answer>): Promise<Answer> {
  const silence = Promise.withResolvers<never>()
  const error = new ConnectionError(`the event store has not answered within ${patienceMs / 1000} s`)
  const timer = setTimeout(() => silence.reject(error), patienceMs)
  try {
    return await Promise.race([asked, silence.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Storage whose store does not answer. */
export function silentStorage({ storage }: StorageSource): StorageView {
  return { ...storage, head: null, jetstream: null }
}

/** Asks the store where it stands. @throws {@link ConnectionError} */
export async function readStorage({ storage, store, jetstream }: StorageSource): Promise<StorageView> {
  if (jetstream === undefined)
    return { ...storage, head: formatPosition(await store.log.head()), jetstream: null }
  const [head, health] = await inTime(Promise.all([store.log.head(), jetstream.health()]))
  return { ...storage, head: formatPosition(head), jetstream: jetStreamView(health) }
}

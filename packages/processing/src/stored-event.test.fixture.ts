import {
  EventVersion,
  bucketOfStream,
  createIdFactory,
  createStreamId,
  parseCommitId,
} from '@millrace/contracts'
import type { Position, StoredEvent } from '@millrace/contracts'

const mint = createIdFactory()
const when = new Date('2026-01-02T03:04:05.006Z')

/** A position in the log of the fixtures. */
export function at(commit: number, index = 0): Position {
  return { generation: 'fixture', commit, index }
}

/** A stored event as a store would return it. */
export function storedEvent(change: Partial<StoredEvent> = {}): StoredEvent {
  const id = mint()
  const streamId = createStreamId('cart', '42')
  return {
    id,
    streamId,
    type: 'opened',
    schemaVersion: 1,
    version: EventVersion.first,
    position: at(1),
    commitId: parseCommitId(id),
    occurredAt: when,
    recordedAt: when,
    metadata: {},
    tags: [],
    bucket: bucketOfStream(streamId),
    contentType: 'application/json',
    payload: '{"n":1}',
    encryption: undefined,
    previousHash: undefined,
    ...change,
  }
}

import { fromCloudEvent, toCloudEvent, tombstoneType } from '@millrace/contracts'
import type {
  CloudEvent,
  CopiedCommit,
  CopiedEvent,
  CopiedWrite,
  EventStore,
  StoredEvent,
} from '@millrace/contracts'

/** Names what wrote the events, as CloudEvents want it. */
const source = 'urn:millrace:archive'

/** When the stream that a tombstone closes was begun: its own events are gone. */
const createdAttribute = 'streamcreatedtime'

/** An event as one line of a file, without the line's end. Nothing of it is lost. */
export async function formatLine(event: StoredEvent, store: Pick<EventStore, 'describe'>): Promise<string> {
  const cloudEvent = toCloudEvent(event, source)
  if (event.type !== tombstoneType) return JSON.stringify(cloudEvent)
  const info = await store.describe(event.streamId)
  const createdAt = info?.createdAt ?? event.recordedAt
  return JSON.stringify({ ...cloudEvent, [createdAttribute]: createdAt.toISOString() })
}

/** A line of a file. */
export interface ArchivedEvent {
  readonly event: StoredEvent
  /** Of a tombstone: when its stream was begun. */
  readonly createdAt: Date | undefined
}

/** @throws {@link InvalidValueError} for what is no line of an archive */
export function parseLine(line: string): ArchivedEvent {
  const cloudEvent = JSON.parse(line) as CloudEvent
  const created = cloudEvent[createdAttribute]
  return {
    event: fromCloudEvent(cloudEvent),
    createdAt: typeof created === 'string' ? new Date(created) : undefined,
  }
}

function copied(stored: StoredEvent): CopiedEvent {
  const { id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags } = stored
  return { id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags }
}

/** The events of one commit, as a copy of a log takes them. */
export function commitOf(archived: readonly ArchivedEvent[]): CopiedCommit {
  const [first] = archived
  if (first === undefined) throw new Error('a commit has an event')
  const streams = Map.groupBy(archived, ({ event }) => event.streamId)
  const writes = [...streams].map(([streamId, parts]): CopiedWrite => {
    const events = parts.map(({ event }) => copied(event))
    const closing = parts.find(({ event }) => event.type === tombstoneType)
    if (closing === undefined) return { streamId, events }
    const { version, recordedAt } = closing.event
    return { streamId, events, tombstone: { version, createdAt: closing.createdAt ?? recordedAt } }
  })
  const { commitId, position, recordedAt } = first.event
  return { commitId, source: position, recordedAt, writes }
}

import {
  createEventDecoder,
  createEventEncoder,
  createStreamId,
  bucketOfStream,
  jsonSerializer,
  parseCommitId,
  parseEventId,
} from '@millrace/contracts'
import type {
  EncodedEvent,
  Envelope,
  EventVersion,
  NewEvent,
  Serializer,
  StoredEvent,
  UpcastHook,
} from '@millrace/contracts'

/** How events of a spec go through storage. */
export interface StorageOptions {
  /** What the store is given. @defaultValue JSON */
  readonly serializer?: Serializer
  /** Lifts events to their current versions, as for every reader: `upcasters.upcast`. @defaultValue every event is current */
  readonly upcast?: UpcastHook
}

/** An event as anybody would read it again, without what the store adds. */
export type PlainEvent = Readonly<Record<string, unknown>> & Pick<NewEvent, 'type' | 'data'>

const streamId = createStreamId('spec', '1')
const commitId = parseCommitId('00000000000000000000000000')
const bucket = bucketOfStream(streamId)
/** Whoever depends on the time of recording finds the same one in every run. */
const recordedAt = new Date(0)

function asStored(event: EncodedEvent, version: number): StoredEvent {
  return {
    ...event,
    id: event.id ?? parseEventId(String(version).padStart(26, '0')),
    commitId,
    streamId,
    version: version as EventVersion,
    position: { generation: 'spec', commit: version, index: 0 },
    bucket,
    occurredAt: event.occurredAt ?? recordedAt,
    recordedAt,
    previousHash: undefined,
  }
}

/** What a store and its readers do to events: encode, decode, lift. */
export class Storage {
  readonly #encode: (event: NewEvent) => EncodedEvent
  readonly #decode: (stored: StoredEvent) => readonly Envelope[]
  readonly #serializer: Serializer

  constructor({ serializer = jsonSerializer, upcast }: StorageOptions) {
    this.#serializer = serializer
    this.#encode = createEventEncoder({ serializer })
    this.#decode = createEventDecoder({
      serializers: [serializer],
      ...(upcast === undefined ? {} : { upcast }),
    })
  }

  /** What readers get of events that are appended to a stream at `version`. */
  recorded(events: readonly NewEvent[], version: number): readonly Envelope[] {
    return events.flatMap((event, at) => this.#decode(asStored(this.#encode(event), version + at + 1)))
  }

  /** An event as it comes back from storage; members that are undefined or empty are gone. */
  plain(event: NewEvent): PlainEvent {
    const { id, type, schemaVersion, payload, occurredAt, metadata, tags } = this.#encode(event)
    return {
      type,
      schemaVersion,
      data: this.#serializer.deserialize(payload),
      ...(id === undefined ? {} : { id }),
      ...(occurredAt === undefined ? {} : { occurredAt }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
      ...(tags.length === 0 ? {} : { tags }),
    }
  }
}

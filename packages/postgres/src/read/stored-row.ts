import { bucketOfStream, plainEvent } from '@millrace/contracts'
import type {
  CommitId,
  Encryption,
  EventId,
  EventMetadata,
  EventVersion,
  Position,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import type { TextRow } from '../sql/sql-database.ts'

/**
 * The columns of a stored event as {@link StoredRow} takes them. What most readers never look at travels as one text
 * (`head`), and what is rarely set as another (`rest`, null where it is not): a column costs the driver as much as
 * an event's whole JSON.parse saves. Figures in docs/decisions/0010-postgres-event-tables.md.
 */
export const storedColumns = `concat_ws(',', commit_seq, commit_index, occurred_at, recorded_at, event_id, commit_id, type) as head,
  payload, metadata, case when schema_version <> 1 or num_nonnulls(payload_binary, content_type, tags, encryption_subject, previous_hash) > 0
  then json_build_object('schemaVersion', schema_version, 'binary', encode(payload_binary, 'base64'), 'isText', payload_is_text,
    'contentType', content_type, 'tags', tags, 'subject', encryption_subject, 'keyId', encryption_key_id, 'previousHash', previous_hash) end as rest`

/** The stream and version of an event, for reads over all streams. */
export const placeColumns = 'stream_id, version'

interface Rest {
  readonly schemaVersion: number
  readonly binary: string | null
  readonly isText: boolean | null
  readonly contentType: string | null
  readonly tags: readonly string[] | null
  readonly subject: string | null
  readonly keyId: string | null
  readonly previousHash: string | null
}

const noMetadata: EventMetadata = Object.freeze({})
const noTags: readonly string[] = Object.freeze([])

/** What the events of one stream share in one read. */
export class RowPlace {
  readonly generation: string
  readonly streamId: StreamId
  #bucket: number | undefined

  constructor(generation: string, streamId: StreamId) {
    this.generation = generation
    this.streamId = streamId
  }

  /** Reckoned once for all events, and only where somebody asks: it hashes the stream's id. */
  get bucket(): number {
    return (this.#bucket ??= bucketOfStream(this.streamId))
  }
}

/** The places of a read over all streams, where events of one stream often lie side by side. */
export class RowPlaces {
  readonly #generation: string
  #last: RowPlace | undefined

  constructor(generation: string) {
    this.#generation = generation
  }

  of(streamId: StreamId): RowPlace {
    if (this.#last?.streamId !== streamId) this.#last = new RowPlace(this.#generation, streamId)
    return this.#last
  }
}

function payloadOf(rest: string | null): string | Uint8Array {
  const { binary, isText } = JSON.parse(rest ?? '{}') as Partial<Rest>
  const bytes = Buffer.from(binary ?? '', 'base64')
  return isText === true ? bytes.toString() : new Uint8Array(bytes)
}

/**
 * A stored event over the text of its row: what a reader does not look at is never parsed. Most of its fields are
 * getters; a spread does not copy them.
 */
export class StoredRow implements StoredEvent {
  readonly version: EventVersion
  readonly payload: string | Uint8Array
  readonly place: RowPlace
  readonly head: string
  readonly metadataText: string | null
  readonly restText: string | null
  #fields: readonly string[] | undefined

  /** `row` begins with {@link storedColumns}. */
  constructor(row: TextRow, version: number, place: RowPlace) {
    this.version = version as EventVersion
    this.place = place
    this.head = row[0] ?? ''
    this.metadataText = row[2] ?? null
    this.restText = row[3] ?? null
    this.payload = row[1] ?? payloadOf(this.restText)
  }

  get id(): EventId {
    return this.#field(4) as EventId
  }

  get streamId(): StreamId {
    return this.place.streamId
  }

  get type(): string {
    return this.#field(6)
  }

  get schemaVersion(): number {
    return this.#rest?.schemaVersion ?? 1
  }

  get position(): Position {
    return {
      generation: this.place.generation,
      commit: Number(this.#field(0)),
      index: Number(this.#field(1)),
    }
  }

  get commitId(): CommitId {
    return this.#field(5) as CommitId
  }

  get occurredAt(): Date {
    return new Date(Number(this.#field(2)))
  }

  get recordedAt(): Date {
    return new Date(Number(this.#field(3)))
  }

  get metadata(): EventMetadata {
    return this.metadataText === null ? noMetadata : (JSON.parse(this.metadataText) as EventMetadata)
  }

  get tags(): readonly string[] {
    return this.#rest?.tags ?? noTags
  }

  get bucket(): number {
    return this.place.bucket
  }

  get contentType(): string {
    return this.#rest?.contentType ?? 'application/json'
  }

  get encryption(): Encryption | undefined {
    const { subject = null, keyId = null } = this.#rest ?? {}
    return subject === null || keyId === null ? undefined : { subject, keyId }
  }

  get previousHash(): string | undefined {
    return this.#rest?.previousHash ?? undefined
  }

  /** The event as a plain object, for JSON and for copies. */
  toJSON(): StoredEvent {
    return plainEvent(this)
  }

  get #rest(): Rest | undefined {
    return this.restText === null ? undefined : (JSON.parse(this.restText) as Rest)
  }

  #field(index: number): string {
    // The type is last and may hold no comma; neither may any of the numbers and ids before it.
    this.#fields ??= this.head.split(',')
    return this.#fields[index] ?? ''
  }
}

/** The event of a row of {@link storedColumns} and {@link placeColumns}. */
export function storedRowOf(row: TextRow, places: RowPlaces): StoredRow {
  return new StoredRow(row, Number(row[5]), places.of(row[4] as StreamId))
}

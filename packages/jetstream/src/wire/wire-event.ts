import { plainEvent, readEventAttributes, StreamCorruptError } from '@millrace/contracts'
import type {
  CommitId,
  Encryption,
  EventId,
  EventMetadata,
  EventVersion,
  Position,
  ReadAttributes,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

/** What the events of one message share. */
export interface EventPlace {
  readonly generation: string
  /** Sequence of the commit's last message. */
  readonly commit: number
  readonly sequence: number
  readonly streamId: StreamId
  readonly bucket: number
  readonly commitId: CommitId
  /** Milliseconds. */
  readonly recordedAt: number
}

/**
 * A stored event over the text of its message: what a reader does not look at is never parsed. Most of its fields are
 * getters; a spread does not copy them.
 */
export abstract class WireEvent implements StoredEvent {
  readonly place: EventPlace
  readonly version: EventVersion
  /** In the commit. */
  readonly index: number
  readonly payload: string | Uint8Array
  #attributed: ReadAttributes | undefined

  constructor(place: EventPlace, version: number, index: number, payload: string | Uint8Array) {
    this.place = place
    this.version = version as EventVersion
    this.index = index
    this.payload = payload
  }

  /** An attribute's value; undefined where the event has none of that name. */
  protected abstract attribute(name: string): string | undefined

  abstract get id(): EventId

  get streamId(): StreamId {
    return this.place.streamId
  }

  /** @throws {@link StreamCorruptError} where one of its fields would */
  check(): void {
    this.#required('type')
    this.#time()
    this.#value('datacontenttype')
    this.#attributes()
  }

  get type(): string {
    return this.#required('type')
  }

  get schemaVersion(): number {
    return this.#attributes().schemaVersion
  }

  get position(): Position {
    return { generation: this.place.generation, commit: this.place.commit, index: this.index }
  }

  get commitId(): CommitId {
    return this.place.commitId
  }

  get occurredAt(): Date {
    return new Date(this.#time())
  }

  get recordedAt(): Date {
    return new Date(this.place.recordedAt)
  }

  get metadata(): EventMetadata {
    return this.#attributes().metadata
  }

  get tags(): readonly string[] {
    return this.#attributes().tags
  }

  get bucket(): number {
    return this.place.bucket
  }

  get contentType(): string {
    return this.#value('datacontenttype') ?? 'application/json'
  }

  get encryption(): Encryption | undefined {
    return this.#attributes().encryption
  }

  get previousHash(): string | undefined {
    return this.#attributes().previousHash
  }

  /** The event as a plain object, for JSON and for copies. */
  toJSON(): StoredEvent {
    return plainEvent(this)
  }

  #attributes(): ReadAttributes {
    if (this.#attributed !== undefined) return this.#attributed
    try {
      this.#attributed = readEventAttributes((name) => this.attribute(name))
      return this.#attributed
    } catch (cause) {
      throw this.corrupt('its attributes are not what a store writes', cause)
    }
  }

  #required(name: string): string {
    const value = this.#value(name)
    if (value === undefined || value === '') throw this.corrupt(`it has no attribute ${name}`)
    return value
  }

  #value(name: string): string | undefined {
    try {
      return this.attribute(name)
    } catch (cause) {
      throw this.corrupt(`its attribute ${name} is not what a store writes`, cause)
    }
  }

  /** Milliseconds. */
  #time(): number {
    const time = Date.parse(this.#required('time'))
    if (Number.isNaN(time)) throw this.corrupt('its attribute time is no time')
    return time
  }

  protected corrupt(reason: string, cause?: unknown): StreamCorruptError {
    const { streamId, sequence } = this.place
    return new StreamCorruptError({ streamId, sequence, reason }, { cause })
  }
}

import {
  bucketOfStream,
  categoryOf,
  escapeSubjectToken,
  isCategory,
  isMillraceError,
  keyOf,
  parseStreamId,
  unescapeSubjectToken,
} from '@millrace/contracts'
import type { ForeignId, StreamId } from '@millrace/contracts'

/** Where a message of a store lies. */
export type Place =
  | { readonly kind: 'events'; readonly streamId: StreamId; readonly bucket: number }
  | { readonly kind: 'foreign-id' }
  | { readonly kind: 'fence' }
  | { readonly kind: 'unknown' }

const mostPlaces = 16_384
const twoDigits = (bucket: number): string => (bucket < 10 ? `0${bucket}` : String(bucket))
const unknown: Place = { kind: 'unknown' }

/** The subjects of one store, all of which begin with its name. */
export class Subjects {
  readonly #name: string
  readonly #events: string
  /** Of the subjects asked for last: to take one apart costs as much as the rest of a message. */
  readonly #places = new Map<string, Place>()
  /** Of the streams asked for last, their subjects. */
  readonly #streams = new Map<string, string>()

  constructor(name: string) {
    this.#name = name
    this.#events = `${name}.es.`
  }

  /** What the store's JetStream stream listens to. */
  get all(): readonly string[] {
    return [`${this.#name}.es.*.*.*`, `${this.#name}.fid.*.*`, `${this.#name}.fence.*`]
  }

  /** All events, or those of one category. */
  events(category = '*'): string {
    return `${this.#events}*.${category}.*`
  }

  /** All events of one bucket. */
  bucket(bucket: number): string {
    return `${this.#events}${twoDigits(bucket)}.*.*`
  }

  /** The subject of one stream's events. @throws {@link InvalidStreamNameError} for what is no stream id */
  stream(streamId: StreamId): string {
    const known = this.#streams.get(streamId)
    // Only an id that was checked has got there.
    if (known !== undefined) return known
    parseStreamId(streamId)
    const bucket = twoDigits(bucketOfStream(streamId))
    const subject = `${this.#events}${bucket}.${categoryOf(streamId)}.${escapeSubjectToken(keyOf(streamId))}`
    if (this.#streams.size >= mostPlaces) this.#streams.clear()
    this.#streams.set(streamId, subject)
    return subject
  }

  /** Where a foreign id is mapped to its commit. */
  foreignId({ source, id }: ForeignId): string {
    return `${this.#name}.fid.${escapeSubjectToken(source)}.${escapeSubjectToken(id)}`
  }

  /** Where a process proves that what it has read is current; its messages live for a second. */
  fence(token: string): string {
    return `${this.#name}.fence.${token}`
  }

  isEvents(subject: string): boolean {
    return subject.startsWith(this.#events)
  }

  /** What a subject of the store stands for; `unknown` for one that no release of ours writes. */
  placeOf(subject: string): Place {
    const known = this.#places.get(subject)
    if (known !== undefined) return known
    const place = this.#find(subject)
    if (this.#places.size >= mostPlaces) this.#places.clear()
    this.#places.set(subject, place)
    return place
  }

  #find(subject: string): Place {
    if (this.isEvents(subject)) return eventsAt(subject.slice(this.#events.length).split('.'))
    if (subject.startsWith(`${this.#name}.fid.`)) return { kind: 'foreign-id' }
    return subject.startsWith(`${this.#name}.fence.`) ? { kind: 'fence' } : unknown
  }
}

function eventsAt([bucketText = '', category = '', keyToken = '']: readonly string[]): Place {
  try {
    if (!isCategory(category)) return unknown
    const streamId = parseStreamId(`${category}-${unescapeSubjectToken(keyToken)}`)
    const bucket = bucketOfStream(streamId)
    return twoDigits(bucket) === bucketText ? { kind: 'events', streamId, bucket } : unknown
  } catch (error) {
    // The key's token is not one that we write.
    if (isMillraceError(error)) return unknown
    throw error
  }
}

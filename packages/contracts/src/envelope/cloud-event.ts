import { types } from 'node:util'

import { EventSerializationError, InvalidValueError } from '../errors/value-errors.ts'
import { isSchemaVersion } from '../events/event-type.ts'
import { bucketOfStream } from '../ids/bucket.ts'
import { escapeSubjectToken, unescapeSubjectToken } from '../ids/escape.ts'
import { categoryOf, keyOf, parseStreamId } from '../ids/stream-id.ts'
import type { StreamId } from '../ids/stream-id.ts'
import { parseCommitId, parseEventId } from '../ids/ulid.ts'
import { EventVersion } from '../values/event-version.ts'
import { formatPosition, parsePosition } from '../values/position.ts'
import { copyMetadata } from './check-metadata.ts'
import type { StoredEvent } from './envelope.ts'
import { eventAttributes, readEventAttributes } from './event-attributes.ts'

/** An event as CloudEvents 1.0 has it in JSON (https://github.com/cloudevents/spec). */
export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  readonly time?: string
  readonly datacontenttype?: string
  readonly data?: unknown
  readonly data_base64?: string
  /** Extension attributes. */
  readonly [attribute: string]: unknown
}

const jsonType = /^[\w.-]+\/(?:[\w.+-]+\+)?json(?:$|[;\s])/i

/** True for a media type whose payload is JSON text. */
export function isJsonContentType(contentType: string): boolean {
  return contentType === 'application/json' || jsonType.test(contentType)
}

/** Stream ids hold characters that CloudEvents forbids in a subject. */
function subjectOf(streamId: StreamId): string {
  return `${categoryOf(streamId)}-${escapeSubjectToken(keyOf(streamId))}`
}

function streamIdOf(subject: string): StreamId {
  const keyAt = subject.indexOf('-') + 1
  return parseStreamId(subject.slice(0, keyAt) + unescapeSubjectToken(subject.slice(keyAt)), 'subject')
}

/** Data as JSON where writing it again gives the same text; else bytes, so that nothing of it is lost. */
function dataOf({ type, contentType, payload }: StoredEvent): Partial<CloudEvent> {
  if (types.isUint8Array(payload)) return { data_base64: base64(payload) }
  if (!isJsonContentType(contentType)) return { data: payload }
  try {
    const data: unknown = JSON.parse(payload)
    if (JSON.stringify(data) === payload) return { data }
  } catch (cause) {
    throw new EventSerializationError(type, 'its payload is no JSON text', { cause })
  }
  return { data_base64: base64(Buffer.from(payload)), payloadform: 'text' }
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/**
 * The event as a CloudEvent, which {@link fromCloudEvent} turns back without any loss. `source` is a URI reference that
 * names the system the event comes from.
 */
export function toCloudEvent(event: StoredEvent, source: string): CloudEvent {
  const { schemaversion, ...extensions } = Object.fromEntries(eventAttributes(event))
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: event.type,
    subject: subjectOf(event.streamId),
    time: event.occurredAt.toISOString(),
    datacontenttype: event.contentType,
    streamversion: String(event.version),
    position: formatPosition(event.position),
    commitid: event.commitId,
    recordedtime: event.recordedAt.toISOString(),
    ...(schemaversion === undefined ? {} : { schemaversion: event.schemaVersion }),
    ...extensions,
    ...dataOf(event),
  }
}

/** Reads an attribute as text; integers and booleans are written as CloudEvents' canonical text. */
function textIn(event: CloudEvent, name: string): string | undefined {
  const value = event[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new InvalidValueError(name, 'text, a number or a boolean')
}

function required(event: CloudEvent, name: string): string {
  const text = textIn(event, name)
  if (text === undefined || text === '') throw new InvalidValueError(name, 'given, as toCloudEvent writes it')
  return text
}

function timeIn(event: CloudEvent, name: string): Date {
  const time = new Date(required(event, name))
  if (Number.isNaN(time.getTime())) throw new InvalidValueError(name, 'a time as in RFC 3339')
  return time
}

function payloadIn(event: CloudEvent, contentType: string): string | Uint8Array {
  const { data, data_base64: encoded, payloadform } = event as Readonly<Record<string, unknown>>
  if (encoded === undefined) {
    if (data === undefined) throw new InvalidValueError('data', 'given, or data_base64')
    return typeof data === 'string' && !isJsonContentType(contentType) ? data : JSON.stringify(data)
  }
  const bytes = Buffer.from(String(encoded), 'base64')
  // Node skips what is not base64.
  if (bytes.toString('base64') !== encoded) throw new InvalidValueError('data_base64', 'base64')
  return payloadform === 'text' ? bytes.toString() : new Uint8Array(bytes)
}

/**
 * Undoes {@link toCloudEvent}. A CloudEvent of another system lacks what makes it an event of a store's and is refused.
 * @throws {@link InvalidValueError} naming the attribute and the rule
 */
export function fromCloudEvent(event: CloudEvent): StoredEvent {
  if (typeof event !== 'object' || event === null) throw new InvalidValueError('event', 'an object')
  if (event.specversion !== '1.0') throw new InvalidValueError('specversion', "'1.0'")
  const streamId = streamIdOf(required(event, 'subject'))
  const contentType = textIn(event, 'datacontenttype') ?? 'application/json'
  const attributes = readEventAttributes((name) => textIn(event, name))
  if (!isSchemaVersion(attributes.schemaVersion))
    throw new InvalidValueError('schemaversion', 'a schema version')
  return {
    id: parseEventId(required(event, 'id'), 'id'),
    streamId,
    type: required(event, 'type'),
    version: EventVersion.parse(Number(required(event, 'streamversion')), 'streamversion'),
    position: parsePosition(required(event, 'position')),
    commitId: parseCommitId(required(event, 'commitid'), 'commitid'),
    occurredAt: timeIn(event, 'time'),
    recordedAt: timeIn(event, 'recordedtime'),
    bucket: bucketOfStream(streamId),
    ...attributes,
    metadata: copyMetadata(attributes.metadata),
    contentType,
    payload: payloadIn(event, contentType),
  }
}

import { isAscii } from 'node:buffer'

import { isJsonContentType, isUlid } from '@millrace/contracts'
import type { EventId, StreamId } from '@millrace/contracts'

import { utf8 } from '../link/bytes.ts'
import { headerOf } from '../link/raw-message.ts'
import { attributeValue } from './attribute-values.ts'
import { BareEvent, readBareLines } from './bare-event.ts'
import { commitHeaderName, parseCommitHeader } from './commit-header.ts'
import type { CommitHeader } from './commit-header.ts'
import { isoTime } from './iso-time.ts'
import type { StoredMessage } from './stored-message.ts'
import type { Subjects } from './subjects.ts'
import { WireEvent } from './wire-event.ts'
import type { EventPlace } from './wire-event.ts'

/** Events of one stream and one commit, as one message holds them. */
export interface EventsMessage {
  readonly kind: 'events'
  /** Sequence of the message. */
  readonly sequence: number
  /** Sequence of the commit's last message: the commit of all its positions. */
  readonly commit: number
  readonly header: CommitHeader
  readonly streamId: StreamId
  readonly bucket: number
  /** Milliseconds. */
  readonly recordedAt: number
  readonly events: readonly WireEvent[]
}

/** A message that no release of ours wrote so. */
interface MalformedMessage {
  readonly kind: 'malformed'
  readonly reason: string
}

/** What a message is: events, something of ours that holds none, or neither. */
export type DecodedMessage = EventsMessage | { readonly kind: 'other' } | MalformedMessage

/** What decoding needs to know of the store. */
export interface DecodeParts {
  readonly generation: string
  readonly subjects: Subjects
}

const commitLine = `\r\n${commitHeaderName}: `
const malformed = (reason: string): MalformedMessage => ({ kind: 'malformed', reason })

/** An event in CloudEvents' binary mode. */
class HeaderEvent extends WireEvent {
  /** The lines of its attributes, each after CR LF. */
  readonly attributes: string
  readonly #occurredAt: number

  constructor(place: EventPlace, header: CommitHeader, payload: string | Uint8Array, attributes: string) {
    super(place, header.version, header.index, payload)
    this.attributes = attributes
    this.#occurredAt = header.occurredAt
  }

  override get id(): EventId {
    return this.attributes.slice(lineIdAt, lineIdAt + ulidLength) as EventId
  }

  /** What most events have needs no look at every field: nothing encoded, and a time as the commit header has it. */
  override check(): void {
    const { attributes } = this
    const isSimple =
      !attributes.includes('%') &&
      !attributes.includes('\r\nce-schemaversion:') &&
      !attributes.includes('\r\nce-custommetadata:') &&
      !attributes.includes('\r\nce-type: \r') &&
      attributes.includes(`\r\nce-time: ${isoTime(this.#occurredAt)}\r`)
    if (!isSimple) super.check()
  }

  protected override attribute(name: string): string | undefined {
    const value = headerOf(this.attributes, `ce-${name}`)
    return value === undefined ? undefined : attributeValue(value)
  }
}

const ulidLength = 26
const linesStart = '\r\nce-specversion: 1.0\r\nce-id: '
const lineIdAt = linesStart.length
const objectStart = '{"specversion":"1.0","id":"'
const idAt = objectStart.length
const idEnd = idAt + ulidLength

/** An event of a CloudEvents batch. */
class JsonEvent extends WireEvent {
  /** Its attributes as a JSON object, data left out. */
  readonly attributes: string
  #parsed: Readonly<Record<string, unknown>> | undefined

  constructor(
    place: EventPlace,
    at: readonly [number, number],
    payload: string | Uint8Array,
    attributes: string,
  ) {
    super(place, at[0], at[1], payload)
    this.attributes = attributes
  }

  override get id(): EventId {
    return this.attributes.slice(idAt, idEnd) as EventId
  }

  protected override attribute(name: string): string | undefined {
    const value = (this.#parsed ??= this.#parse())[name]
    return value === undefined ? undefined : String(value)
  }

  #parse(): Readonly<Record<string, unknown>> {
    const parsed = parsedJson(this.attributes)
    if (parsed === undefined) throw this.corrupt('its attributes are not JSON')
    return parsed as Readonly<Record<string, unknown>>
  }
}

/** Reads a message. Never throws for what is in it: what no release of ours writes is `malformed`. */
export function decodeMessage(message: StoredMessage, { generation, subjects }: DecodeParts): DecodedMessage {
  const { subject, sequence, time, headers } = message
  const at = subjects.placeOf(subject)
  if (at.kind === 'unknown') return malformed(`no stream's events lie at subject ${subject}`)
  if (at.kind !== 'events') return { kind: 'other' }
  const start = headers.indexOf(commitLine)
  if (start < 0) return malformed(`it has no header ${commitHeaderName}`)
  const end = headers.indexOf('\r\n', start + commitLine.length)
  const header = parseCommitHeader(headers.slice(start + commitLine.length, end))
  if (header === undefined) return malformed(`its header ${commitHeaderName} is not one of version 1`)
  if (header.part > sequence) return malformed('it says that more messages come before it than there are')
  const { streamId, bucket } = at
  const commit = sequence + header.of - header.part
  const { commitId } = header
  const place = { generation, commit, sequence, streamId, bucket, commitId, recordedAt: time }
  const events =
    header.form === 'batch'
      ? batchEvents(message, header, place)
      : oneEvent(message, header, place, { headers, linesAt: end })
  if (typeof events === 'string') return malformed(events)
  return { kind: 'events', sequence, commit, header, streamId, bucket, recordedAt: time, events }
}

/** `linesAt` is where the lines behind the commit header begin in the headers, which are read once. */
function oneEvent(
  message: StoredMessage,
  header: CommitHeader,
  place: EventPlace,
  { headers, linesAt }: { readonly headers: string; readonly linesAt: number },
): readonly WireEvent[] | string {
  const data =
    header.form === 'text' ? (message.text ?? utf8(message.payload)) : new Uint8Array(message.payload)
  const bare = readBareLines(headers, linesAt, header)
  if (bare !== undefined) return [new BareEvent(place, header, data, bare)]
  const attributes = attributeLines(headers, linesAt)
  if (!attributes.startsWith(linesStart) || !isUlid(attributes.slice(lineIdAt, lineIdAt + ulidLength)))
    return 'it has no event id'
  if (!attributes.includes('\r\nce-type: ')) return 'its event has no type'
  if (!attributes.includes('\r\nce-time: ')) return 'its event has no time'
  return [new HeaderEvent(place, header, data, attributes)]
}

/** Attributes are the last of what a store writes; whoever hands a message out adds lines of its own behind them. */
function attributeLines(headers: string, from: number): string {
  const added = headers.indexOf('\r\nNats-', from)
  return headers.slice(from, added < 0 ? headers.length - 2 : added + 2)
}

/** A batch as text of one character a byte, so that places in it are places in the payload. */
class BatchText {
  readonly text: string
  readonly #bytes: Buffer
  readonly #isAscii: boolean

  constructor(payload: Uint8Array) {
    this.#bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    this.#isAscii = isAscii(this.#bytes)
    this.text = this.#bytes.toString('latin1')
  }

  slice(from: number, to: number): string {
    return this.#isAscii ? this.text.slice(from, to) : this.#bytes.toString('utf8', from, to)
  }
}

const sizeMember = ',"payloadsize":'
const textMember = '"data":'
const bytesMember = '"data_base64":'

/** One event of a batch and where it ends, or why it is none. */
function eventAt(
  batch: BatchText,
  start: number,
  place: EventPlace,
  at: readonly [number, number],
): { readonly event: WireEvent; readonly end: number } | string {
  const { text } = batch
  const sizeAt = text.indexOf(sizeMember, start)
  const dataAt = text.indexOf(',', sizeAt + sizeMember.length) + 1
  if (sizeAt < 0 || dataAt === 0) return 'its batch ends within an event'
  const size = Number(text.slice(sizeAt + sizeMember.length, dataAt - 1))
  const isText = text.startsWith(textMember, dataAt)
  const from = dataAt + (isText ? textMember : bytesMember).length
  const end = from + size
  if (!Number.isSafeInteger(size) || size < 1 || text.charAt(end) !== '}')
    return 'the size of an event is wrong'
  const attributes = `${batch.slice(start, sizeAt)}}`
  if (!attributes.startsWith(objectStart) || !isUlid(attributes.slice(idAt, idEnd)))
    return 'an event of its batch has no id'
  const payload = payloadOf(batch.slice(from, end), isText, attributes)
  if (payload === undefined) return 'the data of an event is not what its content type says'
  return { event: new JsonEvent(place, at, payload, attributes), end: end + 1 }
}

/** Undefined where it is not what its attributes say. */
function payloadOf(json: string, isText: boolean, attributes: string): string | Uint8Array | undefined {
  if (!isText) return new Uint8Array(Buffer.from(json.slice(1, -1), 'base64'))
  if (attributes.includes(',"datacontenttype":"application/json"')) return json
  const parsed = parsedJson(attributes) as { readonly datacontenttype?: unknown } | undefined
  if (typeof parsed?.datacontenttype !== 'string') return undefined
  if (isJsonContentType(parsed.datacontenttype)) return json
  const text = parsedJson(json)
  return typeof text === 'string' ? text : undefined
}

/** Undefined for what is no JSON, which is never the JSON text `undefined`. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function batchEvents(
  { payload }: StoredMessage,
  header: CommitHeader,
  place: EventPlace,
): readonly WireEvent[] | string {
  const batch = new BatchText(payload)
  const events: WireEvent[] = []
  let at = 0
  for (let i = 0; i < header.count; i++) {
    if (batch.text.charAt(at) !== (i === 0 ? '[' : ',')) return 'its batch holds fewer events than it says'
    const found = eventAt(batch, at + 1, place, [header.version + i, header.index + i])
    if (typeof found === 'string') return found
    events.push(found.event)
    at = found.end
  }
  return batch.text.slice(at) === ']' ? events : 'its batch holds more than it says'
}

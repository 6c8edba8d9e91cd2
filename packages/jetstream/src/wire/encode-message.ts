import { types } from 'node:util'

import { eventAttributes, isJsonContentType } from '@millrace/contracts'
import type { EncodedEvent, EventId } from '@millrace/contracts'

import { headerValue } from './attribute-values.ts'
import { batchContentType, commitHeaderName, formatCommitHeader } from './commit-header.ts'
import type { MessageContent, MessagePlace } from './commit-header.ts'
import { isoTime } from './iso-time.ts'

/** An event with everything that a message says of it. */
export interface OutgoingEvent {
  readonly event: EncodedEvent
  readonly id: EventId
  /** Milliseconds. */
  readonly occurredAt: number
}

/** A message's events, written; where they lie is not known yet. */
export interface Draft extends MessageContent {
  /** Milliseconds; of the first event. */
  readonly firstOccurredAt: number
  /** The header lines that belong to the events. */
  readonly lines: string
  readonly payload: string | Uint8Array
}

/** A message ready to be sent. */
export interface EncodedMessage {
  readonly headers: Uint8Array
  readonly payload: string | Uint8Array
}

/** A header line that JetStream looks at. */
export function guardLine(name: string, value: string | number): string {
  return `${name}: ${value}\r\n`
}

/** A header block of these lines and nothing else. */
export function headerBlock(lines: string): Uint8Array {
  // Everything in it is ASCII: names, ids and numbers, and values that were percent-encoded.
  return Buffer.from(`NATS/1.0\r\n${lines}\r\n`, 'latin1')
}

/** The message with its place; `guards` are whole header lines for JetStream. */
export function sealed(draft: Draft, place: MessagePlace, guards: string): EncodedMessage {
  const { lines, payload } = draft
  const header = formatCommitHeader(draft, place)
  return { headers: headerBlock(`${guards}${commitHeaderName}: ${header}\r\n${lines}`), payload }
}

// Guards and the commit header together: no name in them is longer than 64 characters.
const mostGuardBytes = 800
// The server's own limit is 65,535 bytes.
const mostHeaderBytes = 65_000

/** Bytes of the message that a draft becomes, at most. */
export function draftBytes({ lines, payload }: Draft): number {
  const bytes = types.isUint8Array(payload) ? payload.byteLength : Buffer.byteLength(payload)
  return mostGuardBytes + lines.length + bytes
}

/** True where the server takes the message that the draft becomes. */
export function fits(draft: Draft, maxPayload: number): boolean {
  const { lines, payload } = draft
  const around = mostGuardBytes + lines.length
  if (around > mostHeaderBytes) return false
  // A UTF-16 unit is at most three bytes of UTF-8: far below the limit nothing needs to be counted.
  return around + payload.length * 3 <= maxPayload || draftBytes(draft) <= maxPayload
}

/** Writes the events of one store. */
export class EventWriter {
  readonly #sourceLine: string
  readonly #sourceJson: string

  /** `source` is the CloudEvents source of all events. */
  constructor(source: string) {
    this.#sourceLine = `ce-source: ${headerValue(source)}\r\n`
    this.#sourceJson = JSON.stringify(source)
  }

  /** One event in CloudEvents' binary mode, several as a CloudEvents batch; one, too, whose attributes need the room. */
  draft(outgoing: readonly OutgoingEvent[]): Draft {
    const [first] = outgoing
    if (first === undefined) throw new RangeError('a message holds at least one event')
    if (outgoing.length > 1) return this.#several(outgoing, first.occurredAt)
    const one = this.#one(first)
    return one.lines.length + mostGuardBytes > mostHeaderBytes
      ? this.#several(outgoing, first.occurredAt)
      : one
  }

  #one({ event, id, occurredAt }: OutgoingEvent): Draft {
    const { payload } = event
    let lines = `ce-specversion: 1.0\r\nce-id: ${id}\r\n${this.#sourceLine}ce-type: ${event.type}\r\nce-time: ${isoTime(occurredAt)}\r\nce-datacontenttype: ${headerValue(event.contentType)}\r\n`
    for (const [name, value] of eventAttributes(event)) lines += `ce-${name}: ${headerValue(value)}\r\n`
    const form = typeof payload === 'string' ? 'text' : 'bytes'
    return { form, count: 1, firstOccurredAt: occurredAt, occurredAt, lines, payload }
  }

  #several(outgoing: readonly OutgoingEvent[], firstOccurredAt: number): Draft {
    let payload = ''
    let before: OutgoingEvent | undefined
    let attributes = ''
    for (const one of outgoing) {
      // Events of one commit mostly differ in their ids and data only.
      if (before === undefined || !isAlike(one, before)) attributes = this.#attributesJson(one)
      payload += `${before === undefined ? '[' : ','}{"specversion":"1.0","id":"${one.id}"${attributes}${dataJson(one.event)}}`
      before = one
    }
    return {
      form: 'batch',
      count: outgoing.length,
      firstOccurredAt,
      occurredAt: before?.occurredAt ?? firstOccurredAt,
      lines: `content-type: ${batchContentType}\r\n`,
      payload: `${payload}]`,
    }
  }

  #attributesJson({ event, occurredAt }: OutgoingEvent): string {
    let text = `,"source":${this.#sourceJson},"type":"${event.type}","time":"${isoTime(occurredAt)}","datacontenttype":${JSON.stringify(event.contentType)}`
    for (const [name, value] of eventAttributes(event)) text += `,"${name}":${jsonOf(name, value)}`
    return text
  }
}

/** True where two events have the same attributes, as far as that is seen at a glance. */
function isAlike(a: OutgoingEvent, b: OutgoingEvent): boolean {
  return (
    a.occurredAt === b.occurredAt &&
    a.event.type === b.event.type &&
    a.event.contentType === b.event.contentType &&
    eventAttributes(a.event).length === 0 &&
    eventAttributes(b.event).length === 0
  )
}

/** The size of the data goes in front of it, so that a reader finds its end without looking for it. */
function dataJson({ contentType, payload }: EncodedEvent): string {
  if (typeof payload !== 'string') return sized('data_base64', `"${base64(payload)}"`)
  return sized('data', isJsonContentType(contentType) ? payload : JSON.stringify(payload))
}

const sized = (member: string, json: string): string =>
  `,"payloadsize":${Buffer.byteLength(json)},"${member}":${json}`

const jsonOf = (name: string, value: string): string =>
  name === 'schemaversion' ? value : JSON.stringify(value)

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

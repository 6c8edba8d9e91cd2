import type { Msg } from '@nats-io/nats-core'
import type { MsgImpl } from '@nats-io/nats-core/internal'

import { rawHeaders, rawSubject, rawText } from '../link/raw-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'

/** What a message takes beside its headers and payload, about. */
const overheadBytes = 200
const dot = 46
const zero = 48
const nanosecondDigits = 6
const noBytes = new Uint8Array(0)

/**
 * Where a message is to be acknowledged, as it came: `<names>.<times delivered>.<sequence>.<delivery>.<nanoseconds>.<pending>`,
 * where the names are `$JS.ACK.<stream>.<consumer>`, or `$JS.ACK.<domain>.<account>.<stream>.<consumer>`. Empty for a message
 * of the server itself.
 */
export function acknowledgementOf(message: Msg): Uint8Array {
  const { _msg: parts } = message as MsgImpl
  return parts.reply ?? noBytes
}

/** Where the numbers begin: the same place for all deliveries of a consumer. */
export function numbersAt(acknowledgement: Uint8Array): number {
  const fields = Buffer.from(acknowledgement).toString('latin1').split('.')
  return fields.slice(0, fields.length > 9 ? 6 : 4).join('.').length + 1
}

/** A message as a consumer delivers it: what the server knows of it stands in the subject for its acknowledgement. */
export class DeliveredMessage implements StoredMessage {
  readonly sequence: number
  /** Counts the consumer's deliveries, from 1. */
  readonly delivery: number
  readonly time: number
  /** How many messages the consumer still had behind this one. */
  readonly pending: number
  readonly #message: Msg
  #payload: Uint8Array | undefined

  /** The numbers of the acknowledgement begin at `at`. */
  constructor(message: Msg, acknowledgement: Uint8Array, at: number) {
    this.#message = message
    const sequenceAt = acknowledgement.indexOf(dot, at) + 1
    const deliveryAt = acknowledgement.indexOf(dot, sequenceAt) + 1
    const timeAt = acknowledgement.indexOf(dot, deliveryAt) + 1
    const timeEnd = acknowledgement.indexOf(dot, timeAt)
    this.sequence = wholeAt(acknowledgement, sequenceAt, deliveryAt - 1)
    this.delivery = wholeAt(acknowledgement, deliveryAt, timeAt - 1)
    this.time = wholeAt(acknowledgement, timeAt, timeEnd - nanosecondDigits)
    this.pending = wholeAt(acknowledgement, timeEnd + 1, acknowledgement.length)
  }

  get subject(): string {
    return rawSubject(this.#message)
  }

  get headers(): string {
    return rawHeaders(this.#message)
  }

  get payload(): Uint8Array {
    // The library cuts it out anew each time.
    return (this.#payload ??= this.#message.data)
  }

  get text(): string {
    return rawText(this.#message)
  }

  /** Bytes it takes in memory, about. */
  get bytes(): number {
    const { _rdata: bytes } = this.#message as MsgImpl
    return bytes.length + overheadBytes
  }
}

/** A number in digits, without a text of its own: there are four in each message. */
function wholeAt(digits: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to && digits[at] !== dot; at++) value = value * 10 + ((digits[at] ?? zero) - zero)
  return value
}

import type { NatsConnection } from '@nats-io/nats-core'
import { Kind, Parser, ProtocolHandler, State } from '@nats-io/nats-core/internal'
import type { NatsConnectionImpl } from '@nats-io/nats-core/internal'

const [letterH, letterM, letterS, letterG] = [72, 77, 83, 71]
const [space, carriageReturn, newLine] = [32, 13, 10]
const [digit0, digit9] = [48, 57]
const lineEndBytes = 2
/** A number of more digits is left to the parser, with its limits and errors. */
const maxDigits = 8
const none = -1

/** Reads the words of a message's first line. */
class FirstLine {
  readonly #bytes: Uint8Array
  /** Where the line ends; -1 where it goes on beyond the bytes. */
  readonly #end: number
  #at: number
  /** Of the headers, -1 where there are none. */
  headerBytes: number = none
  /** Of headers and payload. */
  size: number = none

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#end = bytes.indexOf(newLine, start)
    this.#at = start
  }

  /** Where the next word begins. */
  get at(): number {
    return this.#at
  }

  /** Steps over `MSG `; false where something else stands there. */
  operation(start: number): boolean {
    const bytes = this.#bytes
    this.#at = start + 4
    return (
      bytes[start] === letterM &&
      bytes[start + 1] === letterS &&
      bytes[start + 2] === letterG &&
      bytes[start + 3] === space
    )
  }

  /** The word up to the next space of the line, undefined where it is empty. */
  word(): Uint8Array | undefined {
    const end = this.#bytes.indexOf(space, this.#at)
    if (end <= this.#at || end > this.#end) return undefined
    const word = this.#bytes.subarray(this.#at, end)
    this.#at = end + 1
    return word
  }

  /** The number that ends with that byte, -1 where there is none. */
  number(last: number): number {
    const bytes = this.#bytes
    let [value, i] = [0, this.#at]
    for (; ; i++) {
      const byte = bytes[i] ?? none
      if (byte < digit0 || byte > digit9) break
      value = value * 10 + (byte - digit0)
    }
    const digits = i - this.#at
    if (digits === 0 || digits > maxDigits || bytes[i] !== last) return none
    this.#at = i + 1
    return value
  }

  /** True where the line ends with the sizes that belong there; otherwise the next word is what it was. */
  sizes(hasHeaders: boolean): boolean {
    const start = this.#at
    this.headerBytes = hasHeaders ? this.number(space) : none
    this.size = hasHeaders && this.headerBytes === none ? none : this.number(carriageReturn)
    if (this.size !== none && this.headerBytes <= this.size && this.#at === this.#end) {
      this.#at += 1
      return true
    }
    this.#at = start
    return false
  }
}

/**
 * The library's parser, except that messages which came whole are taken out of what the socket brought without a look at
 * each byte of their first lines, twice, which is a fifth of what reading an event costs. Messages in parts, all other
 * operations, and whatever is not spelt as the server spells it go the library's way.
 */
export class MessageFrames extends Parser {
  override parse(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const next = this.state === State.OP_START ? this.#message(bytes, at) : none
      const end = next === none ? this.#partEnd(bytes, at) : next
      if (next === none) super.parse(bytes.subarray(at, end))
      at = end
    }
  }

  /** Hands out the message that begins there and returns where it ends, -1 where no whole one does. */
  #message(bytes: Uint8Array, start: number): number {
    const hasHeaders = bytes[start] === letterH
    const line = new FirstLine(bytes, start)
    if (!line.operation(hasHeaders ? start + 1 : start)) return none
    const subject = line.word()
    const sid = line.number(space)
    if (subject === undefined || sid === none) return none
    let reply: Uint8Array | undefined
    if (!line.sizes(hasHeaders)) {
      reply = line.word()
      if (reply === undefined || !line.sizes(hasHeaders)) return none
    }
    const { at, size } = line
    const end = at + size
    if (bytes[end] !== carriageReturn || bytes[end + 1] !== newLine) return none
    const msg = { subject, sid, hdr: line.headerBytes, size }
    this.dispatcher.push({
      kind: Kind.MSG,
      msg: reply === undefined ? msg : { ...msg, reply },
      data: bytes.subarray(at, end),
    })
    return end + lineEndBytes
  }

  /** Up to where the parser may read without passing the beginning of a message that may be whole. */
  #partEnd(bytes: Uint8Array, at: number): number {
    const { state, msgBuf, ma } = this
    if (state === State.MSG_PAYLOAD && msgBuf !== undefined)
      return Math.min(bytes.length, at + Math.max(0, ma.size - msgBuf.length) + lineEndBytes)
    const end = bytes.indexOf(newLine, at)
    return end < 0 ? bytes.length : end + 1
  }
}

/**
 * Lets a connection read messages by {@link MessageFrames}; again after each reconnect, for which the library makes a
 * parser anew. A connection whose insides are not those we know stays as it is.
 *
 * @returns true where it reads them so
 */
export function readFrames(connection: NatsConnection): boolean {
  const { protocol } = connection as Partial<NatsConnectionImpl>
  if (!(protocol instanceof ProtocolHandler)) return false
  const { parser } = protocol
  if (parser instanceof MessageFrames) return true
  if (!(parser instanceof Parser)) return false
  // Whatever it has begun to read is gone on with.
  protocol.parser = Object.assign(new MessageFrames(protocol), parser)
  return true
}

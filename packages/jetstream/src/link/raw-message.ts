import type { Msg } from '@nats-io/nats-core'
import type { MsgImpl } from '@nats-io/nats-core/internal'

import { latin1, utf8 } from './bytes.ts'

const none = ''
const space = 32
const digit0 = 48

/**
 * The header block of a message as it came, status line included, one character a byte; empty where there is none. The
 * library's own `headers` splits and checks every line, which costs more than everything else we do with a message.
 */
export function rawHeaders(message: Msg): string {
  const { _rdata: bytes, _msg: arguments_ } = message as MsgImpl
  if (arguments_.hdr <= 0) return none
  return latin1(bytes, arguments_.hdr)
}

/** The payload as text, without a view of its bytes. */
export function rawText(message: Msg): string {
  const { _rdata: bytes, _msg: arguments_ } = message as MsgImpl
  return utf8(bytes, Math.max(0, arguments_.hdr))
}

/** The subject of a message of ours, which is ASCII: the library decodes it as UTF-8 from any runtime. */
export function rawSubject(message: Msg): string {
  const { _msg: arguments_ } = message as MsgImpl
  return latin1(arguments_.subject, arguments_.subject.length)
}

/** True for a message without a payload. */
export function isEmpty(message: Msg): boolean {
  const { _rdata: bytes, _msg: arguments_ } = message as MsgImpl
  return bytes.length === Math.max(0, arguments_.hdr)
}

/** The number that a message's subject ends in, for example of `_INBOX.x.12`. */
export function lastNumber(message: Msg): number {
  const { _msg: arguments_ } = message as MsgImpl
  const { subject } = arguments_
  let [number, unit] = [0, 1]
  for (let i = subject.length - 1; i >= 0; i--) {
    const digit = (subject[i] ?? 0) - digit0
    if (digit < 0 || digit > 9) break
    number += digit * unit
    unit *= 10
  }
  return number
}

/** The payload as text. */
export function textOf({ data }: Pick<Msg, 'data'>): string {
  return utf8(data)
}

/** The value of the first header of exactly this name, undefined where there is none. */
export function headerOf(headers: string, name: string): string | undefined {
  const start = headers.indexOf(`\r\n${name}:`)
  if (start < 0) return undefined
  const from = start + name.length + 3
  // One space follows the colon, as we and the server write it.
  return headers.slice(headers.charCodeAt(from) === space ? from + 1 : from, headers.indexOf('\r\n', from))
}

/** The code of the status line, 0 where it has none: `NATS/1.0 503`. */
export function statusOf(headers: string): number {
  const code = Number.parseInt(headers.slice('NATS/1.0 '.length, 'NATS/1.0 '.length + 3), 10)
  return Number.isNaN(code) ? 0 : code
}

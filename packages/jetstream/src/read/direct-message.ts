import type { Msg } from '@nats-io/nats-core'

import { rawHeaders } from '../link/raw-message.ts'
import { timeOf } from '../wire/stored-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'

/** The value of the last header of this name: the server writes its own behind those that are stored. */
function ownHeader(headers: string, name: string): string {
  const start = headers.lastIndexOf(`\r\n${name}: `)
  if (start < 0) return ''
  const from = start + name.length + 4
  return headers.slice(from, headers.indexOf('\r\n', from))
}

/** A message as a direct get returns it: what the server knows of it stands in its headers. */
export class DirectMessage implements StoredMessage {
  readonly sequence: number
  readonly headers: string
  readonly payload: Uint8Array

  constructor(reply: Msg) {
    this.headers = rawHeaders(reply)
    this.payload = reply.data
    this.sequence = Number(ownHeader(this.headers, 'Nats-Sequence'))
  }

  get subject(): string {
    return ownHeader(this.headers, 'Nats-Subject')
  }

  get time(): number {
    return timeOf(ownHeader(this.headers, 'Nats-Time-Stamp'))
  }

  /** The JetStream stream that answered: a mirror takes part in the direct gets of its origin. */
  get stream(): string {
    return ownHeader(this.headers, 'Nats-Stream')
  }

  /** Of a batch: the sequence of the message before it, 0 for the first. */
  get before(): number {
    return Number(ownHeader(this.headers, 'Nats-Last-Sequence'))
  }
}

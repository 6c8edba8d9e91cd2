import { readFileSync } from 'node:fs'

import type { EncodedEvent, EventId, StoredEvent } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { decoding, writer } from '../../fixtures/messages.ts'
import { commitHeaderName, parseCommitHeader } from './commit-header.ts'
import { decodeMessage } from './decode-message.ts'
import { sealed } from './encode-message.ts'
import type { OutgoingEvent } from './encode-message.ts'
import { timeOf } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'

/** Bytes stand in JSON as base64. */
interface GoldenEvent extends Omit<StoredEvent, 'payload' | 'occurredAt' | 'recordedAt'> {
  readonly payload: string | { readonly base64: string }
  readonly occurredAt: string
  readonly recordedAt: string
}

interface GoldenMessage {
  readonly what: string
  readonly message: {
    readonly sequence: number
    readonly subject: string
    readonly time: string
    readonly headers: readonly string[]
    readonly payload: string
  }
  readonly commit: number
  readonly events: readonly GoldenEvent[]
}

const { messages } = JSON.parse(
  readFileSync(new URL('../../golden/v1/messages.json', import.meta.url), 'utf8'),
) as { readonly messages: readonly GoldenMessage[] }

function messageOf({ message }: GoldenMessage): StoredMessage {
  return {
    ...message,
    time: timeOf(message.time),
    headers: `${message.headers.join('\r\n')}\r\n\r\n`,
    payload: Buffer.from(message.payload, 'base64'),
  }
}

function eventOf({
  payload,
  occurredAt,
  recordedAt,
  encryption,
  previousHash,
  ...rest
}: GoldenEvent): object {
  return {
    ...rest,
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(recordedAt),
    payload: typeof payload === 'string' ? payload : new Uint8Array(Buffer.from(payload.base64, 'base64')),
    encryption: encryption ?? undefined,
    previousHash: previousHash ?? undefined,
  }
}

function outgoingOf(event: GoldenEvent): OutgoingEvent {
  const { id, occurredAt, ...rest } = eventOf(event) as EncodedEvent & {
    readonly id: EventId
    readonly occurredAt: Date
  }
  return { event: { ...rest, id, occurredAt }, id, occurredAt: occurredAt.getTime() }
}

const toJson = (event: StoredEvent): object => (event as unknown as { toJSON(): object }).toJSON()

describe.each(messages)('version 1: $what', (golden) => {
  test('is read as it was when it was written', () => {
    const decoded = decodeMessage(messageOf(golden), decoding)
    if (decoded.kind !== 'events') throw new Error(JSON.stringify(decoded))
    expect(decoded.commit).toBe(golden.commit)
    expect(decoded.events.map(toJson)).toEqual(golden.events.map(eventOf))
  })

  test('is written the same today', () => {
    const { headers, payload } = messageOf(golden)
    const lines = golden.message.headers
    const at = lines.findIndex((line) => line.startsWith(`${commitHeaderName}: `))
    const header = parseCommitHeader(lines[at]?.slice(commitHeaderName.length + 2) ?? '')
    if (header === undefined) throw new Error('a golden message has a commit header')
    const guards = lines
      .slice(1, at)
      .map((line) => `${line}\r\n`)
      .join('')
    const written = sealed(writer.draft(golden.events.map(outgoingOf)), header, guards)
    expect(Buffer.from(written.headers).toString('latin1')).toBe(headers)
    expect(Buffer.from(written.payload).toString()).toBe(Buffer.from(payload).toString())
  })
})

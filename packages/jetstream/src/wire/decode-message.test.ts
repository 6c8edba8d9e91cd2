import {
  bucketOfStream,
  createStreamId,
  eventAttributes,
  fromCloudEvent,
  jsonSerializer,
  toCloudEvent,
} from '@millrace/contracts'
import type { CloudEvent, EncodedEvent, EventMetadata, StoredEvent } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decoding, outgoing, placeOf, storedMessage } from '../../fixtures/messages.ts'
import { BareEvent } from './bare-event.ts'
import { decodeMessage } from './decode-message.ts'
import type { EventsMessage } from './decode-message.ts'
import { draftBytes, EventWriter, fits, guardLine, headerBlock } from './encode-message.ts'
import type { OutgoingEvent } from './encode-message.ts'
import { malformedEvent, malformedType } from './malformed-event.ts'
import type { StoredMessage } from './stored-message.ts'
import { WireEvent } from './wire-event.ts'

const streamId = createStreamId('cart', 'ü 1')

function decoded(message: StoredMessage): EventsMessage {
  const result = decodeMessage(message, decoding)
  if (result.kind !== 'events') throw new Error(JSON.stringify(result))
  return result
}

const plain = (stored: StoredEvent): unknown => JSON.parse(JSON.stringify(stored))

/** The event as the store should give it back. */
function expected({ event, id, occurredAt }: OutgoingEvent, place: object): object {
  const { type, schemaVersion, contentType, payload, encryption, metadata, tags } = event
  return {
    id,
    streamId,
    type,
    schemaVersion,
    contentType,
    payload,
    encryption,
    metadata,
    tags,
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(1_767_323_045_107),
    bucket: bucketOfStream(streamId),
    previousHash: undefined,
    ...place,
  }
}

const fieldsOf = (stored: StoredEvent): StoredEvent =>
  stored instanceof WireEvent ? stored.toJSON() : stored

const id = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  // oxlint-disable-next-line no-control-regex -- control characters are what is left out
  .filter((text) => text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text))
const metadata: fc.Arbitrary<EventMetadata> = fc.record(
  {
    correlationId: id,
    causationId: id,
    tenant: id,
    actor: fc.record({ kind: fc.constantFrom('user', 'service', 'system'), id }, { noNullPrototype: true }),
    traceparent: fc.constant(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`),
    custom: fc
      .dictionary(id, fc.jsonValue(), { noNullPrototype: true })
      .map((custom) => JSON.parse(JSON.stringify(custom)) as Record<string, never>),
  },
  { requiredKeys: [], noNullPrototype: true },
)
const body: fc.Arbitrary<Pick<EncodedEvent, 'contentType' | 'payload'>> = fc.oneof(
  fc
    .jsonValue()
    .map((data) => ({ contentType: 'application/json', payload: jsonSerializer.serialize(data) })),
  id.map((payload) => ({ contentType: 'text/plain; charset="utf-8"', payload })),
  fc
    .uint8Array({ maxLength: 200 })
    .map((payload) => ({ contentType: 'application/cbor', payload: new Uint8Array(payload) })),
  fc.json().map((payload) => ({ contentType: 'application/x.y+json', payload: ` ${payload} ` })),
)
const event: fc.Arbitrary<OutgoingEvent> = fc
  .record({
    body,
    metadata,
    schemaVersion: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    tags: fc.array(fc.stringMatching(/^[\x21-\x7e]{1,20}$/), { maxLength: 3 }),
    occurredAt: fc.nat(4_000_000_000_000),
    encryption: fc.option(fc.record({ subject: id, keyId: id }, { noNullPrototype: true }), {
      nil: undefined,
    }),
  })
  .map(({ body: { contentType, payload }, occurredAt, ...rest }) =>
    outgoing({ ...rest, contentType, payload }, occurredAt),
  )

describe('a message', () => {
  test('gives back the events it was made of, one or many', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
        const place = placeOf({ version: 7, index: 2, part: 2, of: 3 })
        const message = decoded(storedMessage(streamId, events, place))
        expect(message).toMatchObject({
          sequence: 12,
          commit: 13,
          streamId,
          header: { count: events.length },
        })
        expect(message.events.map(fieldsOf)).toEqual(
          events.map((one, i) =>
            expected(one, {
              version: 7 + i,
              commitId: place.commitId,
              position: { generation: 'g1', commit: 13, index: 2 + i },
            }),
          ),
        )
      }),
    )
  })

  test('with the required attributes only gives the same as one that has more', () => {
    const bare = outgoing({})
    const more = outgoing({ metadata: { tenant: 't' } })
    const place = placeOf({ version: 3 })
    const [short] = decoded(storedMessage(streamId, [bare], place)).events
    const [long] = decoded(storedMessage(streamId, [more], place)).events
    expect(short).toBeInstanceOf(BareEvent)
    expect(long).not.toBeInstanceOf(BareEvent)
    expect({ ...short?.toJSON(), id: long?.id, metadata: { tenant: 't' } }).toEqual(long?.toJSON())
    expect(short).toMatchObject({ id: bare.id, metadata: {} })
  })

  test.each([
    ['another order', (headers: string) => headers.replace(/(ce-source: .*\r\n)(ce-type: .*\r\n)/, '$2$1')],
    ['another time than the commit says', (headers: string) => headers.replace('05.006Z', '04.006Z')],
    ['a time in another spelling', (headers: string) => headers.replace('05.006Z', '05.0060Z')],
    [
      'an encoded content type',
      (headers: string) => headers.replace('application/json', 'application%2Fjson'),
    ],
    ['a line behind them', (headers: string) => headers.replace(/\r\n$/, 'x-other: 1\r\n\r\n')],
  ])('of one event whose lines have %s is read attribute by attribute', (_name, change) => {
    const message = storedMessage(streamId, [outgoing({})], placeOf({ version: 3 }))
    const headers = change(message.headers)
    expect(headers).not.toBe(message.headers)
    const [read] = decoded({ ...message, headers }).events
    expect(read).not.toBeInstanceOf(BareEvent)
    expect(read).toMatchObject({ type: 'item-added', contentType: 'application/json', schemaVersion: 1 })
  })

  test('of one event is a CloudEvent in binary mode', () => {
    const one = outgoing({ metadata: { correlationId: 'c 1' }, schemaVersion: 2 })
    const { headers, payload } = storedMessage(streamId, [one], placeOf({ version: 3 }))
    expect(headers.split('\r\n').filter((line) => line.startsWith('ce-'))).toEqual([
      'ce-specversion: 1.0',
      `ce-id: ${one.id}`,
      'ce-source: millrace:shop',
      'ce-type: item-added',
      'ce-time: 2026-01-02T03:04:05.006Z',
      'ce-datacontenttype: application/json',
      'ce-schemaversion: 2',
      'ce-correlationid: c%201',
    ])
    expect(Buffer.from(payload).toString()).toBe('{"sku":"a"}')
    expect(headers.toLowerCase()).not.toContain('content-type: application/cloudevents')
  })

  test('of several is a CloudEvents batch that any reader of JSON takes, and turns into the same events', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 4 }), (events) => {
        const message = storedMessage(streamId, events)
        expect(message.headers).toContain('\r\ncontent-type: application/cloudevents-batch+json\r\n')
        const batch = JSON.parse(Buffer.from(message.payload).toString()) as CloudEvent[]
        for (const [i, stored] of decoded(message).events.entries()) {
          const cloudEvent = { ...batch[i], ...placeAttributes(stored) } as CloudEvent
          // JSON of another writer's may be written anew; the rest is as it was.
          const { payload } = stored
          expect({ ...fromCloudEvent(cloudEvent), payload }).toEqual(fieldsOf(stored))
        }
      }),
    )
  })

  test('whose attributes need more room than headers have is a batch of one', () => {
    const large = outgoing({ metadata: { custom: { text: '"'.repeat(30_000) } } })
    const message = storedMessage(streamId, [large])
    expect(message.headers.length).toBeLessThan(1000)
    expect(decoded(message).events[0]?.metadata).toEqual(large.event.metadata)
  })

  test('is read alike whatever the server adds to its header', () => {
    const message = storedMessage(streamId, [outgoing({ tags: ['a'] })])
    const added = 'Nats-Stream: shop\r\nNats-Sequence: 12\r\nNats-Num-Pending: 3\r\n'
    const direct = { ...message, headers: `${message.headers.slice(0, -2)}${added}\r\n` }
    expect(decoded(direct).events).toEqual(decoded(message).events)
  })

  test('that holds no events of a stream is none of the log', () => {
    const message = { ...storedMessage(streamId, [outgoing()]), subject: 'shop.fid.github.1' }
    expect(decodeMessage(message, decoding)).toEqual({ kind: 'other' })
  })

  test('without any header is malformed', () => {
    const message = { ...storedMessage(streamId, [outgoing()]), headers: '' }
    expect(decodeMessage(message, decoding)).toEqual({
      kind: 'malformed',
      reason: 'it has no header Millrace',
    })
  })
})

function placeAttributes({ commitId, version, recordedAt }: StoredEvent): object {
  return {
    subject: 'cart-%C3%BC%201',
    position: 'g1:12:' + String(version - 1),
    streamversion: String(version),
    commitid: commitId,
    recordedtime: recordedAt.toISOString(),
  }
}

const single = (): StoredMessage => storedMessage(streamId, [outgoing()])
const batch = (): StoredMessage =>
  storedMessage(streamId, [
    outgoing({ payload: '{"n":1}' }),
    outgoing({ contentType: 'text/plain', payload: 'text' }),
  ])

const without = (message: StoredMessage, pattern: RegExp): StoredMessage => ({
  ...message,
  headers: message.headers.replace(pattern, ''),
})
const changed = (message: StoredMessage, change: (text: string) => string): StoredMessage => ({
  ...message,
  payload: Buffer.from(change(Buffer.from(message.payload).toString())),
})

describe('a message that no release of ours wrote', () => {
  test.each([
    ['at a subject of no stream', { ...single(), subject: 'shop.es.00.cart.x' }, 'subject'],
    ['without our header', without(single(), /Millrace: .*\r\n/), 'no header Millrace'],
    ['with a header of a later version', without(single(), /(?<=Millrace: )1 /), 'not one of version 1'],
    ['without an event id', without(single(), /ce-id: .*\r\n/), 'no event id'],
    ['without a type', without(single(), /ce-type: .*\r\n/), 'no type'],
    ['without a time', without(single(), /ce-time: .*\r\n/), 'no time'],
    ['whose batch is empty', { ...batch(), payload: Buffer.alloc(0) }, 'fewer events'],
    ['whose batch is cut within an event', changed(batch(), (text) => text.slice(0, 40)), 'ends within'],
    ['whose batch is cut within data', changed(batch(), (text) => text.slice(0, -8)), 'size of an event'],
    [
      'whose batch is cut between events',
      changed(batch(), (text) => text.slice(0, text.indexOf('},{') + 1)),
      'fewer',
    ],
    [
      'whose batch holds more than it says',
      changed(batch(), (text) => `${text.slice(0, -1)},{}]`),
      'more than',
    ],
    [
      'whose sizes are wrong',
      changed(batch(), (text) => text.replace('"payloadsize":7', '"payloadsize":6')),
      'fewer',
    ],
    [
      'whose sizes are no numbers',
      changed(batch(), (text) => text.replace('"payloadsize":7', '"payloadsize":x')),
      'size',
    ],
    ['whose events have no id', changed(batch(), (text) => text.replace('"id":"', '"id":"-')), 'no id'],
    [
      'whose text is not JSON text',
      changed(batch(), (text) => text.replace('"text"}', '123456}')),
      'content type',
    ],
    [
      'whose content type is gone',
      changed(batch(), (text) => text.replaceAll('"datacontenttype"', '"xatacontenttype"')),
      'content type',
    ],
    [
      'whose attributes are no JSON',
      changed(batch(), (text) =>
        text.replace('"datacontenttype":"text/plain"', '"datacontenttype":text/plain'),
      ),
      'content type',
    ],
  ])('%s is malformed, and the log has a record of it', (_, message, reason) => {
    const result = decodeMessage(message, decoding)
    if (result.kind !== 'malformed') throw new Error(`decoded as ${result.kind}`)
    expect(result.reason).toContain(reason)
    const record = malformedEvent(message, result.reason, decoding)
    expect(record).toMatchObject({
      type: malformedType,
      version: 0,
      position: { generation: 'g1', commit: 12, index: 0 },
      contentType: 'application/octet-stream',
      metadata: { custom: { reason: result.reason, subject: message.subject, sequence: 12 } },
    })
    expect(Buffer.from(record.payload)).toEqual(Buffer.from(message.payload))
    expect(malformedEvent(message, '', decoding).id).toBe(record.id)
    expect(bucketOfStream(record.streamId)).toBe(record.bucket)
  })

  test('keeps its stream where its subject says it', () => {
    expect(malformedEvent(single(), 'x', decoding).streamId).toBe(streamId)
    const lost = { ...single(), subject: 'shop.es.00.cart.x' }
    expect(malformedEvent(lost, 'x', decoding).streamId).toBe('malformed-12')
  })

  test('has another record for each sequence', () => {
    const ids = [1, 31, 32, 1_000_000].map(
      (sequence) => malformedEvent({ ...single(), sequence }, '', decoding).id,
    )
    expect(new Set(ids).size).toBe(4)
    for (const one of ids) expect(one).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  })

  test.each([
    ['schema version', without(single(), /nothing/), 'ce-schemaversion: x\r\n', 'schemaVersion'],
    ['custom metadata', without(single(), /nothing/), 'ce-custommetadata: {\r\n', 'metadata'],
    ['percent encoding', without(single(), /nothing/), 'ce-tags: %E0\r\n', 'tags'],
  ] as const)('with a broken %s fails where it is looked at, as corrupt', (_, message, line, field) => {
    const broken = { ...message, headers: `${message.headers.slice(0, -2)}${line}\r\n` }
    const [first] = decoded(broken).events
    expect(() => first?.[field]).toThrow(
      expect.objectContaining({ code: 'ERR_STREAM_CORRUPT', streamId, sequence: 12 }),
    )
  })

  test('with attributes of a batch that are no JSON fails where they are looked at', () => {
    const broken = changed(batch(), (text) => text.replace('"type":"item-added"', '"type":item-added'))
    const [first] = decoded(broken).events
    expect(first?.payload).toBe('{"n":1}')
    expect(() => first?.type).toThrow(expect.objectContaining({ code: 'ERR_STREAM_CORRUPT' }))
  })

  test('with a type missing in a batch fails where it is looked at', () => {
    const broken = changed(batch(), (text) => text.replace('"type":"item-added"', '"kind":"item-added"'))
    expect(() => decoded(broken).events[0]?.type).toThrow(
      expect.objectContaining({ code: 'ERR_STREAM_CORRUPT' }),
    )
  })
})

describe('what is to be sent', () => {
  test('fits where the server says so, counted in bytes', () => {
    const draft = new EventWriter('millrace:shop').draft([outgoing({ payload: 'é'.repeat(1000) })])
    expect(fits(draft, draftBytes(draft))).toBe(true)
    expect(fits(draft, draftBytes(draft) - 1)).toBe(false)
    const bytes = new EventWriter('millrace:shop').draft([outgoing({ payload: new Uint8Array(5000) })])
    expect([fits(bytes, draftBytes(bytes)), fits(bytes, draftBytes(bytes) - 1)]).toEqual([true, false])
  })

  test('is never nothing', () => {
    expect(() => new EventWriter('millrace:shop').draft([])).toThrow(RangeError)
  })

  test('has a header block of whole lines', () => {
    const block = Buffer.from(headerBlock(guardLine('Nats-TTL', '1s'))).toString()
    expect(block).toBe('NATS/1.0\r\nNats-TTL: 1s\r\n\r\n')
  })

  test('a source that no header could hold is escaped there', () => {
    const { lines } = new EventWriter('https://shop.example/ü').draft([outgoing()])
    expect(lines).toContain('ce-source: https://shop.example/%C3%BC\r\n')
  })
})

test('an event as JSON is a plain object of all its fields', () => {
  const [only] = decoded(single()).events
  if (only === undefined) throw new Error('a message holds one event')
  expect(plain(only)).toMatchObject({ streamId, version: 1, type: 'item-added', payload: '{"sku":"a"}' })
  expect(toCloudEvent(only, 'x')).toMatchObject({ subject: 'cart-%C3%BC%201' })
  expect(eventAttributes(only)).toEqual([])
})

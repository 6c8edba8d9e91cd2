import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { jsonSerializer } from '../codec/serializer.ts'
import { bucketOfStream } from '../ids/bucket.ts'
import { createStreamId, isStreamKey } from '../ids/stream-id.ts'
import { createIdFactory } from '../ids/ulid.ts'
import type { CommitId } from '../ids/ulid.ts'
import { EventVersion } from '../values/event-version.ts'
import { fromCloudEvent, isJsonContentType, toCloudEvent } from './cloud-event.ts'
import type { CloudEvent } from './cloud-event.ts'
import type { StoredEvent } from './envelope.ts'

const mint = createIdFactory(() => 1_700_000_000_000)
const source = 'https://shop.example/orders'

function stored(part: Partial<StoredEvent> = {}): StoredEvent {
  const streamId = part.streamId ?? createStreamId('cart', '42')
  return {
    id: mint(),
    streamId,
    type: 'item-added',
    schemaVersion: 1,
    version: EventVersion.parse(7),
    position: { generation: 'g1', commit: 12, index: 3 },
    commitId: mint() as string as CommitId,
    occurredAt: new Date('2026-01-02T03:04:05.006Z'),
    recordedAt: new Date('2026-01-02T03:04:05.107Z'),
    metadata: {},
    tags: [],
    bucket: bucketOfStream(streamId),
    contentType: 'application/json',
    payload: '{"sku":"a","quantity":1}',
    encryption: undefined,
    previousHash: undefined,
    ...part,
  }
}

/** There and back, through the text that travels. */
function through(event: StoredEvent): StoredEvent {
  return fromCloudEvent(JSON.parse(JSON.stringify(toCloudEvent(event, source))) as CloudEvent)
}

const full = stored({
  schemaVersion: 3,
  metadata: {
    correlationId: 'c 1',
    causationId: 'd-ü',
    tenant: 't',
    actor: { kind: 'service', id: 'billing' },
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    custom: { a: [1, null, { b: 'x' }] },
  },
  tags: ['customer:1', 'order:2'],
  encryption: { subject: 'person-1', keyId: 'k9' },
  previousHash: 'abc=',
})

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter(isStreamKey)

describe('a CloudEvent', () => {
  test('has the attributes of version 1.0, and data that others can read', () => {
    const event = stored()
    expect(toCloudEvent(event, source)).toEqual({
      specversion: '1.0',
      id: event.id,
      source,
      type: 'item-added',
      subject: 'cart-42',
      time: '2026-01-02T03:04:05.006Z',
      datacontenttype: 'application/json',
      streamversion: '7',
      position: 'g1:12:3',
      commitid: event.commitId,
      recordedtime: '2026-01-02T03:04:05.107Z',
      data: { sku: 'a', quantity: 1 },
    })
  })

  test('has names of extensions as CloudEvents allow them, with simple values', () => {
    for (const [name, value] of Object.entries(toCloudEvent(full, source))) {
      if (name === 'data') continue
      expect(name).toMatch(/^[a-z0-9]{1,20}$/)
      expect(['string', 'number']).toContain(typeof value)
    }
  })

  test.each([
    ['with nothing but its defaults', stored()],
    ['with every field set', full],
    ['with bytes', stored({ contentType: 'application/cbor', payload: new Uint8Array([0, 255, 10, 13]) })],
    ['with no bytes at all', stored({ contentType: 'application/cbor', payload: new Uint8Array() })],
    ['with bytes that are called JSON', stored({ payload: new Uint8Array([0x7b, 0x7d]) })],
    ['with text that is no JSON', stored({ contentType: 'text/plain', payload: 'line\r\nline "two"' })],
    ['with JSON of a vendor', stored({ contentType: 'application/vnd.shop+json; v=1', payload: '[1,2]' })],
    ['with nothing but null', stored({ payload: 'null' })],
    ['with minus zero, which JSON.parse keeps and JSON.stringify loses', stored({ payload: '{"n":-0}' })],
    ['with numbers written in another way', stored({ payload: '{"n":1.0,"m":1E2}' })],
    ['with white space', stored({ payload: '{ "a" : 1 }\n' })],
    ['with keys that look like numbers', stored({ payload: '{"b":1,"10":2,"9":3}' })],
    ['with a key twice', stored({ payload: '{"a":1,"a":2}' })],
    ['with lone surrogates', stored({ payload: JSON.stringify('\ud800') })],
  ])('%s comes back as it was', (_, event) => {
    expect(through(event)).toEqual(event)
  })

  test('keeps every stream id, and a subject that CloudEvents allow', () => {
    fc.assert(
      fc.property(key, (text) => {
        const event = stored({ streamId: createStreamId('user', text) })
        expect(toCloudEvent(event, source).subject).toMatch(/^[\x21-\x7e]+$/)
        expect(through(event)).toEqual(event)
      }),
    )
  })

  test('keeps whatever the serializer writes', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const event = stored({ payload: jsonSerializer.serialize(JSON.parse(json)) as string })
        expect(through(event)).toEqual(event)
      }),
    )
  })

  test('is not made of a payload that is no JSON although it says so', () => {
    expect(() => toCloudEvent(stored({ payload: '{' }), source)).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_SERIALIZATION' }),
    )
  })

  test.each([
    ['another version', { specversion: '0.3' }, 'specversion'],
    ['no subject', { subject: undefined }, 'subject'],
    ['a subject that is no stream id', { subject: 'cart' }, 'subject'],
    ['an id that is none of ours', { id: 'a-1' }, 'id'],
    ['no type', { type: '' }, 'type'],
    ['no time', { time: undefined }, 'time'],
    ['a time that is none', { recordedtime: 'yesterday' }, 'recordedtime'],
    ['no version in its stream', { streamversion: undefined }, 'streamversion'],
    ['a version that is no number', { streamversion: 'x' }, 'streamversion'],
    ['a position that is none', { position: '1' }, 'position'],
    ['no commit', { commitid: undefined }, 'commitid'],
    ['a schema version of zero', { schemaversion: 0 }, 'schemaversion'],
    ['a schema version no column holds', { schemaversion: 2 ** 31 }, 'schemaversion'],
    ['no data', { data: undefined }, 'data'],
    ['data that is no base64', { data: undefined, data_base64: '*' }, 'data_base64'],
    ['data_base64 that is no text', { data: undefined, data_base64: 7 }, 'data_base64'],
    ['an attribute that is an object', { tenant: {} }, 'tenant'],
    ['an actor of no kind', { actorkind: 'robot', actorid: '1' }, 'metadata.actor.kind'],
    ['custom metadata that is no JSON', { custommetadata: '{' }, 'custommetadata'],
    ['custom metadata that is a list', { custommetadata: '[]' }, 'custommetadata'],
  ])('with %s is refused by name', (_, change, field) => {
    const event = { ...toCloudEvent(stored(), source), ...change } as CloudEvent
    expect(() => fromCloudEvent(event)).toThrow(expect.objectContaining({ field }))
  })

  test('that is no object is refused', () => {
    expect(() => fromCloudEvent(null as unknown as CloudEvent)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE' }),
    )
  })

  test('without a content type holds JSON', () => {
    const event = { ...toCloudEvent(stored(), source), datacontenttype: undefined }
    expect(fromCloudEvent(event as unknown as CloudEvent)).toMatchObject({ contentType: 'application/json' })
  })
})

test('content types of JSON are told from others', () => {
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'text/json',
    'application/a.b+json',
  ])
    expect(isJsonContentType(type)).toBe(true)
  for (const type of ['application/jsonl', 'text/plain', 'application/cbor', 'json', 'application/json-seq'])
    expect(isJsonContentType(type)).toBe(false)
})

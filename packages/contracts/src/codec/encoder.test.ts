import { describe, expect, test } from 'vitest'

import type { NewEvent } from '../envelope/envelope.ts'
import { parseEventId } from '../ids/ulid.ts'
import { createEventEncoder } from './encoder.ts'
import type { Serializer } from './serializer.ts'

const id = parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV')
const encode = createEventEncoder()
const event = (fields: object): NewEvent => ({ type: 'ItemAdded', data: { sku: 'a' }, ...fields })

describe('an encoded event', () => {
  test('has a default for everything but type and data', () => {
    expect(encode({ type: 'ItemAdded', data: { sku: 'a' } })).toEqual({
      id: undefined,
      type: 'ItemAdded',
      schemaVersion: 1,
      contentType: 'application/json',
      payload: '{"sku":"a"}',
      encryption: undefined,
      occurredAt: undefined,
      metadata: {},
      tags: [],
    })
  })

  test('keeps what the caller set', () => {
    const set = {
      id,
      schemaVersion: 3,
      occurredAt: new Date(5),
      metadata: { tenant: 't1' },
      tags: ['cart:1'],
    }
    expect(encode(event(set))).toMatchObject(set)
  })

  test('takes the fields of its metadata first, those of the append where it has none', () => {
    const shared = { tenant: 't1', correlationId: 'c1' }
    expect(encode(event({}), shared).metadata).toEqual(shared)
    expect(encode(event({ metadata: { tenant: 't2' } }), shared).metadata).toEqual({
      tenant: 't2',
      correlationId: 'c1',
    })
    expect(encode(event({ metadata: { tenant: undefined } }), shared).metadata).toEqual(shared)
  })

  test('shares nothing with what the caller passed', () => {
    const given = {
      occurredAt: new Date(5),
      metadata: { custom: { list: [1] } },
      tags: ['a'],
      data: { list: [1] },
    }
    const shared = { actor: { kind: 'user' as const, id: 'u1' } }
    const encoded = encode(event(given), shared)
    given.occurredAt.setTime(9)
    given.metadata.custom.list.push(2)
    given.tags.push('b')
    given.data.list.push(2)
    shared.actor.id = 'u2'
    expect(encoded).toMatchObject({
      occurredAt: new Date(5),
      metadata: { custom: { list: [1] }, actor: { kind: 'user', id: 'u1' } },
      tags: ['a'],
      payload: '{"list":[1]}',
    })
  })

  test('is not refused for what it inherits, which is none of its fields', () => {
    expect(encode(Object.assign(Object.create({ extra: 1 }), event({})) as NewEvent).type).toBe('ItemAdded')
  })

  test('is what was checked, even where a getter changes its mind', () => {
    let reads = 0
    const fickle = {
      data: 1,
      get type(): string {
        return ++reads === 1 ? 'Checked' : 'no type!'
      },
    }
    expect(encode(fickle).type).toBe('Checked')
  })
})

describe('an event is refused by field:', () => {
  test.each([
    ['event', null],
    ['event', undefined],
    ['event', 'ItemAdded'],
    ['event.occuredAt', event({ occuredAt: new Date(0) })],
    ['event.__proto__', JSON.parse('{"type":"A","data":1,"__proto__":{"tags":[]}}')],
    ['event.streamId', event({ streamId: 'cart-1' })],
    ['event.extra', Object.assign(Object.create({ extra: 1 }), event({ extra: 2 }))],
    ['event.type', event({ type: undefined })],
    ['event.type', event({ type: '' })],
    ['event.type', event({ type: '$tombstone' })],
    ['event.type', event({ type: 'Item Added' })],
    ['event.type', event({ type: '-added' })],
    ['event.type', event({ type: 'x'.repeat(256) })],
    ['event.type', event({ type: ['ItemAdded'] })],
    ['event.type', event({ type: 'ItemAdded\n' })],
    ['event.id', event({ id: 'a' })],
    ['event.id', event({ id: id.toLowerCase() })],
    ['event.id', event({ id: [id] })],
    ['event.id', event({ id: null })],
    ['event.schemaVersion', event({ schemaVersion: 0 })],
    ['event.schemaVersion', event({ schemaVersion: 1.5 })],
    ['event.schemaVersion', event({ schemaVersion: '1' })],
    ['event.schemaVersion', event({ schemaVersion: null })],
    ['event.schemaVersion', event({ schemaVersion: 2_147_483_648 })],
    ['event.occurredAt', event({ occurredAt: new Date(NaN) })],
    ['event.occurredAt', event({ occurredAt: new Date(-1) })],
    ['event.occurredAt', event({ occurredAt: new Date(Date.UTC(10_000, 0, 1)) })],
    ['event.occurredAt', event({ occurredAt: '2026-01-01' })],
    ['event.occurredAt', event({ occurredAt: 5 })],
    ['event.occurredAt', event({ occurredAt: null })],
    ['event.tags', event({ tags: 'a' })],
    ['event.tags', event({ tags: [''] })],
    ['event.tags', event({ tags: ['a b'] })],
    ['event.tags', event({ tags: ['é'] })],
    ['event.tags', event({ tags: [1] })],
    ['event.tags', event({ tags: ['x'.repeat(256)] })],
    ['event.tags', event({ tags: Array.from({ length: 65 }, () => 'x') })],
    ['metadata.user', event({ metadata: { user: 'u' } })],
    ['metadata', event({ metadata: null })],
  ])('%s (case %#)', (field, bad) => {
    expect(() => encode(bad as NewEvent)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field }),
    )
  })

  test('metadata of the append', () => {
    expect(() => encode(event({}), { tenant: '' })).toThrow(
      expect.objectContaining({ field: 'metadata.tenant' }),
    )
  })

  test('the utmost of each is taken', () => {
    const utmost = {
      type: `x${'.:/-_A9'.repeat(50).slice(0, 254)}`,
      schemaVersion: 2_147_483_647,
      occurredAt: new Date('9999-12-31T23:59:59.999Z'),
      tags: Array.from({ length: 64 }, () => '~'.repeat(255)),
    }
    expect(encode(event(utmost))).toMatchObject(utmost)
    expect(encode(event({ occurredAt: new Date(0) })).occurredAt).toEqual(new Date(0))
  })
})

describe('data', () => {
  const refusal = (message: string | RegExp): unknown =>
    expect.objectContaining({
      code: 'ERR_EVENT_SERIALIZATION',
      eventType: 'ItemAdded',
      message: expect.stringMatching(message) as string,
    })

  test('that JSON cannot carry is refused by path', () => {
    expect(() => encode(event({ data: undefined }))).toThrow(
      refusal('event ItemAdded: data: must be a value'),
    )
    expect(() => encode(event({ data: { a: [NaN] } }))).toThrow(
      refusal(/^event ItemAdded: data\.a\.0: must be null/),
    )
  })

  test('that fails while it is read is refused with the cause, and without the text of the failure', () => {
    const failure = new Error('password hunter2')
    const data = {
      get secret(): string {
        throw failure
      },
    }
    expect(() => encode(event({ data }))).toThrow(refusal(/^event ItemAdded: its data cannot be serialized$/))
    expect(() => encode(event({ data }))).toThrow(expect.objectContaining({ cause: failure }))
  })

  test('that holds itself is refused', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(() => encode(event({ data: circle }))).toThrow(refusal('cannot be serialized'))
  })

  test('goes through the serializer that was chosen, with its content type', () => {
    const upperCase: Serializer = {
      contentType: 'text/x-upper',
      serialize: (data) => Buffer.from(String(data).toUpperCase()),
      deserialize: (payload) => String(payload),
    }
    const encoded = createEventEncoder({ serializer: upperCase })(event({ data: 'abc' }))
    expect(encoded.contentType).toBe('text/x-upper')
    expect(encoded.payload).toEqual(Buffer.from('ABC'))
  })

  test('that a serializer turns into neither text nor bytes is refused', () => {
    const broken = {
      contentType: 'x/broken',
      serialize: () => undefined,
      deserialize: () => 1,
    } as unknown as Serializer
    expect(() => createEventEncoder({ serializer: broken })(event({}))).toThrow(
      refusal('x/broken returned neither'),
    )
  })
})

describe('the largest event', () => {
  // `"…"` around the text and `{}` for the metadata: four bytes.
  test.each([
    ['ASCII', 'x', 1],
    ['two-byte letters', 'é', 2],
    ['three-byte letters', '語', 3],
    ['emoji', '🙂', 4],
  ])('is counted in bytes of UTF-8: %s', (_, letter, width) => {
    const data = letter.repeat(300)
    const exact = createEventEncoder({ maxEventBytes: 300 * width + 4 })
    const tight = createEventEncoder({ maxEventBytes: 300 * width + 3 })
    expect(exact(event({ data })).payload).toBe(`"${data}"`)
    expect(() => tight(event({ data }))).toThrow(
      expect.objectContaining({
        code: 'ERR_PAYLOAD_TOO_LARGE',
        bytes: 300 * width + 4,
        maxBytes: 300 * width + 3,
      }),
    )
  })

  test('is 1,000,000 bytes unless set otherwise, exact to the byte', () => {
    expect(() => encode(event({ data: 'x'.repeat(999_996) }))).not.toThrow()
    expect(() => encode(event({ data: 'x'.repeat(999_997) }))).toThrow(
      'event ItemAdded has 1000001 bytes, the maximum is 1000000',
    )
    expect(() => encode(event({ data: 'é'.repeat(499_998) }))).not.toThrow()
    expect(() => encode(event({ data: 'é'.repeat(499_999) }))).toThrow(
      expect.objectContaining({ bytes: 1_000_002 }),
    )
  })

  test('counts the metadata, that of the append too', () => {
    const limited = createEventEncoder({ maxEventBytes: 20_000 })
    const custom = { k: 'é'.repeat(4_000) }
    const fits = 20_000 - 2 - JSON.stringify({ custom }).length - 4_000
    expect(() => limited(event({ data: 'x'.repeat(fits), metadata: { custom } }))).not.toThrow()
    expect(() => limited(event({ data: 'x'.repeat(fits + 1) }), { custom })).toThrow(
      expect.objectContaining({ bytes: 20_001 }),
    )
  })

  test('counts bytes of a binary payload as they are', () => {
    const raw: Serializer = {
      contentType: 'x/raw',
      serialize: (data) => data as Uint8Array,
      deserialize: (bytes) => bytes,
    }
    const limited = createEventEncoder({ serializer: raw, maxEventBytes: 102 })
    expect(() => limited(event({ data: new Uint8Array(100) }))).not.toThrow()
    expect(() => limited(event({ data: new Uint8Array(101) }))).toThrow(
      expect.objectContaining({ bytes: 103 }),
    )
  })

  test.each([0, -1, 1.5, NaN, Infinity, '1000'])('is not %s', (maxEventBytes) => {
    expect(() => createEventEncoder({ maxEventBytes: maxEventBytes as number })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'maxEventBytes' }),
    )
  })
})

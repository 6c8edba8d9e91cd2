import { describe, expect, test } from 'vitest'

import type { Envelope, StoredEvent } from '../envelope/envelope.ts'
import { UnknownEventVersionError } from '../errors/value-errors.ts'
import { createStreamId } from '../ids/stream-id.ts'
import { parseCommitId, parseEventId } from '../ids/ulid.ts'
import { EventVersion } from '../values/event-version.ts'
import { decodeEvents } from './decode-events.ts'
import { createEventDecoder } from './decoder.ts'
import type { Serializer } from './serializer.ts'

const header = {
  id: parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV'),
  commitId: parseCommitId('01ARZ3NDEKTSV4RRFFQ69G5FAW'),
  streamId: createStreamId('cart', '1'),
  type: 'ItemAdded',
  schemaVersion: 1,
  version: EventVersion.first,
  position: { generation: 'g1', commit: 1, index: 0 },
  occurredAt: new Date(1),
  recordedAt: new Date(2),
  metadata: { tenant: 't1' },
  tags: ['cart:1'],
  bucket: 41,
}

function stored(fields: Partial<StoredEvent> = {}): StoredEvent {
  return {
    ...header,
    contentType: 'application/json',
    payload: '{"sku":"a"}',
    encryption: undefined,
    previousHash: undefined,
    ...fields,
  }
}

const refusal = (message: string): unknown =>
  expect.objectContaining({
    code: 'ERR_EVENT_SERIALIZATION',
    eventType: 'ItemAdded',
    message: expect.stringContaining(message) as string,
  })

const encrypted = { encryption: { subject: 'u1', keyId: 'k1' }, payload: new Uint8Array([1, 2]) }

describe('decoding', () => {
  test('keeps the header and shows the data instead of its storage', () => {
    expect(createEventDecoder()(stored())).toStrictEqual([{ ...header, data: { sku: 'a' } }])
  })

  test('finds the serializer by content type', () => {
    const shout: Serializer = {
      contentType: 'text/x-shout',
      serialize: (data) => `${String(data)}!`,
      deserialize: (payload) => String(payload).slice(0, -1),
    }
    const decode = createEventDecoder({ serializers: [shout] })
    expect(decode(stored({ contentType: 'text/x-shout', payload: 'hey!' }))[0]?.data).toBe('hey')
    expect(() => decode(stored())).toThrow(refusal('no serializer for content type application/json'))
  })

  test.each([
    ['text that is no JSON', '{'],
    ['bytes that are no UTF-8', new Uint8Array([0xff])],
    ['a tag with the wrong content', '{"$date":"soon"}'],
    ['no text at all', null as never],
  ])('%s is a typed error that names the event', (_, payload) => {
    expect(() => createEventDecoder()(stored({ payload }))).toThrow(
      refusal('its data cannot be read (event 01ARZ3NDEKTSV4RRFFQ69G5FAV)'),
    )
  })
})

describe('an encrypted event', () => {
  test('is an error without decryption, never shown as it lies', () => {
    expect(() => createEventDecoder()(stored(encrypted))).toThrow(
      refusal('encrypted and no decryption is configured'),
    )
  })

  test('is decrypted before it is deserialized', () => {
    const decode = createEventDecoder({ decrypt: ({ encryption }) => `{"of":"${encryption?.subject}"}` })
    expect(decode(stored(encrypted))[0]?.data).toEqual({ of: 'u1' })
  })

  test('a plain event does not pass through decryption', () => {
    const decode = createEventDecoder({ decrypt: () => expect.unreachable() })
    expect(decode(stored())[0]?.data).toEqual({ sku: 'a' })
  })

  test('a failing decryption is a typed error; a typed one stays itself', () => {
    const failure = new Error('no key')
    const untyped = createEventDecoder({
      decrypt: () => {
        throw failure
      },
    })
    expect(() => untyped(stored(encrypted))).toThrow(refusal('cannot be read'))
    expect(() => untyped(stored(encrypted))).toThrow(expect.objectContaining({ cause: failure }))
    const typed = createEventDecoder({
      decrypt: () => {
        throw new UnknownEventVersionError('ItemAdded', 9)
      },
    })
    expect(() => typed(stored(encrypted))).toThrow(UnknownEventVersionError)
  })
})

describe('upcasting', () => {
  test('may give the one envelope itself', () => {
    const decode = createEventDecoder({ upcast: (envelope) => envelope })
    expect(decode(stored())).toStrictEqual([{ ...header, data: { sku: 'a' } }])
  })

  test('may keep, split or drop an event', () => {
    const counts = [0, 1, 2, 3]
    for (const count of counts) {
      const decode = createEventDecoder({
        upcast: (envelope) =>
          Array.from({ length: count }, (_, index) => ({ ...envelope, part: { index, count } })),
      })
      expect(decode(stored()).map(({ part, version }) => [part?.index, version])).toEqual(
        Array.from({ length: count }, (_, index) => [index, 1]),
      )
    }
  })

  test('sees decoded data and the schema version', () => {
    const decode = createEventDecoder({
      upcast: (envelope) => [
        { ...envelope, schemaVersion: envelope.schemaVersion + 1, data: [envelope.data] },
      ],
    })
    expect(decode(stored())).toMatchObject([{ schemaVersion: 2, data: [{ sku: 'a' }] }])
  })

  test('a failing upcaster is a typed error; a typed one stays itself', () => {
    const failing = (error: Error) =>
      createEventDecoder({
        upcast: () => {
          throw error
        },
      })
    expect(() => failing(new TypeError('x is undefined'))(stored())).toThrow(
      expect.objectContaining({
        code: 'ERR_UPCASTER_FAILED',
        eventType: 'ItemAdded',
        schemaVersion: 1,
        eventId: header.id,
        cause: new TypeError('x is undefined'),
      }),
    )
    expect(() => failing(new UnknownEventVersionError('ItemAdded', 9))(stored())).toThrow(
      UnknownEventVersionError,
    )
  })
})

describe('an event that cannot be lifted', () => {
  const error = new UnknownEventVersionError('ItemAdded', 9)
  const upcast = (): never => {
    throw error
  }

  test('is left out and told where skipping is asked for', () => {
    const skipped: unknown[] = []
    const decode = createEventDecoder({ upcast, onSkip: (each) => skipped.push(each) })
    expect(decode(stored())).toEqual([])
    expect(skipped).toEqual([{ stored: stored(), error }])
  })

  test('is not what an event is that cannot be read: that one is never skipped', () => {
    const decode = createEventDecoder({ upcast, onSkip: () => expect.unreachable() })
    expect(() => decode(stored({ payload: '{' }))).toThrow(refusal('cannot be read'))
  })

  test('whatever listens to skips may fail: its error is not taken for an event of no parts', () => {
    const decode = createEventDecoder({
      upcast,
      onSkip: () => {
        throw new TypeError('the counter broke')
      },
    })
    expect(() => decode(stored())).toThrow('the counter broke')
  })
})

test('a decoder tells where events of a type lie, as far as its upcasters do', () => {
  const storedTypes = (types: readonly string[]): readonly string[] => [...types, 'ItemPut']
  const upcast = Object.assign((envelope: Envelope) => envelope, { storedTypes })
  expect(createEventDecoder({ upcast }).storedTypes?.(['ItemAdded'])).toEqual(['ItemAdded', 'ItemPut'])
  expect(createEventDecoder({ upcast: (envelope) => envelope }).storedTypes).toBeUndefined()
  expect(createEventDecoder().storedTypes).toBeUndefined()
})

describe('decoding a stream', () => {
  async function* three(): AsyncGenerator<StoredEvent> {
    yield stored({ payload: '1' })
    yield stored({ payload: '2' })
    yield stored({ payload: '3' })
  }

  async function dataOf(envelopes: AsyncIterable<Envelope>): Promise<unknown[]> {
    const data: unknown[] = []
    for await (const envelope of envelopes) data.push(envelope.data)
    return data
  }

  test('yields one by one, as JSON unless told otherwise', async () => {
    const data = await dataOf(decodeEvents(three()))
    expect(data).toEqual([1, 2, 3])
  })

  test('flattens splits and drops', async () => {
    const decode = createEventDecoder({ upcast: (e) => Array.from({ length: Number(e.data) - 1 }, () => e) })
    const data = await dataOf(decodeEvents(three(), decode))
    expect(data).toEqual([2, 3, 3])
  })

  /** Three events, and whether their reader was told to end. */
  function closable(): { readonly events: AsyncIterable<StoredEvent>; readonly closed: () => boolean } {
    let closed = false
    async function* source(): AsyncGenerator<StoredEvent> {
      try {
        yield* three()
      } finally {
        closed = true
      }
    }
    return { events: source(), closed: () => closed }
  }

  test('closes the source when the reader leaves early', async () => {
    const { events, closed } = closable()
    for await (const envelope of decodeEvents(events)) if (envelope.data === 1) break
    expect(closed()).toBe(true)
  })

  test('closes the source when an event cannot be decoded, and ends', async () => {
    const { events, closed } = closable()
    const decoded = decodeEvents(events, () => {
      throw new TypeError('broken')
    })
    await expect(decoded.next()).rejects.toThrow('broken')
    expect(closed()).toBe(true)
    expect(await decoded.next()).toEqual({ done: true, value: undefined })
  })

  test('a source that fails says so, and ends', async () => {
    async function* failing(): AsyncGenerator<StoredEvent> {
      yield stored({ payload: '1' })
      throw new TypeError('the server has gone')
    }
    const decoded = decodeEvents(failing())
    expect(await decoded.next()).toMatchObject({ value: { data: 1 } })
    await expect(decoded.next()).rejects.toThrow('the server has gone')
    expect(await decoded.next()).toEqual({ done: true, value: undefined })
  })

  test('those who do not wait for each other get one event each, in order', async () => {
    const twice = createEventDecoder({ upcast: (e) => [e, e] })
    const decoded = decodeEvents(three(), twice)
    const asked = await Promise.all(Array.from({ length: 8 }, () => decoded.next()))
    const data = asked.map((result) => (result.done === true ? 'end' : result.value.data))
    expect(data).toEqual([1, 1, 2, 2, 3, 3, 'end', 'end'])
  })
})

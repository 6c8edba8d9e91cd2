import { createIdFactory, createStreamId, EventSerializationError, jsonSerializer } from '@millrace/contracts'
import type { CommitId, Envelope, EventVersion, StoredEvent, UpcastHook } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { createTransformer } from './event-transformer.ts'

const mint = createIdFactory()

function stored(part: Partial<StoredEvent> = {}): StoredEvent {
  const id = part.id ?? mint()
  return {
    id,
    streamId: createStreamId('person', '1'),
    type: 'Named',
    schemaVersion: 1,
    version: 3 as EventVersion,
    position: { generation: 'g', commit: 7, index: 2 },
    commitId: id as string as CommitId,
    occurredAt: new Date(5),
    recordedAt: new Date(6),
    metadata: { tenant: 'acme' },
    tags: ['a'],
    bucket: 0,
    contentType: 'application/json',
    // Spaces that no serializer of ours writes: what is copied as it is keeps them.
    payload: '{ "name": "Ada" }',
    encryption: undefined,
    previousHash: undefined,
    ...part,
  }
}

const dataOf = ({ data }: Envelope): { readonly name: string } => data as { readonly name: string }
const rename: UpcastHook = (envelope) =>
  envelope.schemaVersion === 1
    ? { ...envelope, schemaVersion: 2, data: { first: dataOf(envelope).name } }
    : envelope

describe('an event', () => {
  test('that is current is copied byte for byte', () => {
    const event = stored({ schemaVersion: 2 })
    const { id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags } = event
    for (const transform of [createTransformer(), createTransformer({ decoding: { upcast: rename } })])
      expect(transform(event)).toEqual({
        kind: 'unchanged',
        events: [{ id, type, schemaVersion, contentType, payload, encryption, occurredAt, metadata, tags }],
      })
  })

  test('that is lifted keeps everything but its data, type and schema version', () => {
    const event = stored()
    const { id, occurredAt, metadata, tags } = event
    expect(createTransformer({ decoding: { upcast: rename } })(event)).toMatchObject({
      kind: 'changed',
      events: [{ id, occurredAt, metadata, tags, schemaVersion: 2, payload: '{"first":"Ada"}' }],
    })
  })

  test('that is split gives parts of which the first keeps its id, the same ones each time', () => {
    const twice: UpcastHook = (envelope) => [
      { ...envelope, data: 1 },
      { ...envelope, data: 2 },
    ]
    const transform = createTransformer({ decoding: { upcast: twice } })
    const event = stored()
    const transformed = transform(event)
    if (transformed.kind !== 'changed') throw new Error(`it is ${transformed.kind}`)
    expect(transformed.events.map(({ payload }) => payload)).toEqual(['1', '2'])
    expect(transformed.events[0]?.id).toBe(event.id)
    expect(transformed.events[1]?.id).not.toBe(event.id)
    expect(transform(event)).toEqual(transformed)
  })

  test('that is dropped gives nothing', () => {
    expect(createTransformer({ decoding: { upcast: () => [] } })(stored())).toEqual({
      kind: 'changed',
      events: [],
    })
  })

  test('is written by the serializer it was read with', () => {
    const loud = {
      contentType: 'text/loud',
      serialize: (data: unknown) => JSON.stringify(data).toUpperCase(),
      deserialize: (payload: string | Uint8Array) => jsonSerializer.deserialize(payload),
    }
    const decoding = { upcast: rename, serializers: [jsonSerializer, loud] }
    expect(createTransformer({ decoding })(stored({ contentType: 'text/loud' }))).toMatchObject({
      events: [{ contentType: 'text/loud', payload: '{"FIRST":"ADA"}' }],
    })
  })

  test('that closes a stream is no matter of upcasters', () => {
    const none: UpcastHook = () => []
    const event = stored({ type: '$tombstone', payload: '{"reason":"asked"}' })
    expect(createTransformer({ decoding: { upcast: none } })(event)).toMatchObject({ kind: 'unchanged' })
  })
})

describe('a bad event', () => {
  const failing: UpcastHook = () => {
    throw new Error('no last name')
  }
  const validate = (): void => {
    throw new EventSerializationError('Named', 'data.first: too short')
  }
  test.each([
    ['cannot be read', {}, { payload: '{' }, 'ERR_EVENT_SERIALIZATION', 'cannot be read'],
    ['has no serializer', {}, { contentType: 'x/y' }, 'ERR_EVENT_SERIALIZATION', 'content type x/y'],
    ['cannot be lifted', { decoding: { upcast: failing } }, {}, 'ERR_UNEXPECTED', 'no last name'],
    ['breaks its schema', { validate }, {}, 'ERR_EVENT_SERIALIZATION', 'too short'],
    ['was no event', {}, { type: '$malformed' }, 'ERR_EVENT_SERIALIZATION', 'cannot be read'],
    [
      'is too large',
      { decoding: { upcast: rename }, maxEventBytes: 10 },
      {},
      'ERR_PAYLOAD_TOO_LARGE',
      'maximum',
    ],
    [
      'is encrypted and lifted',
      { decoding: { upcast: rename, decrypt: ({ payload }: StoredEvent) => payload } },
      { encryption: { subject: 's', keyId: 'k' } },
      'ERR_EVENT_SERIALIZATION',
      'encrypted',
    ],
  ])('that %s is named with its reason', (...[, options, part, code, reason]) => {
    const event = stored(part)
    const { streamId, version, id, position } = event
    expect(createTransformer(options)(event)).toEqual({
      kind: 'bad',
      bad: expect.objectContaining({
        streamId,
        version,
        id,
        position,
        code,
        reason: expect.stringContaining(reason) as string,
      }) as object,
    })
  })
})

import type { Serializer } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { createWireEncoder } from './event-encoder.ts'

const serializer = (contentType: string, text: string): Serializer => ({
  contentType,
  serialize: () => text,
  deserialize: () => undefined,
})
const encodeWith = (contentType: string, text: string) => (): unknown =>
  createWireEncoder({ serializer: serializer(contentType, text) })({ type: 'recorded', data: 1 })

describe('an event', () => {
  test.each(['Nats-Rollup', 'nats-ttl', 'NATS-Expected-Last-Msg-Id'])(
    'with custom metadata named %s is refused',
    (name) => {
      const encode = createWireEncoder({})
      const event = { type: 'recorded', data: 1, metadata: { custom: { [name]: 'all' } } }
      expect(() => encode(event)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'metadata.custom' }),
      )
      expect(() => encode({ type: 'recorded', data: 1 }, event.metadata)).toThrow(
        expect.objectContaining({ field: 'metadata.custom' }),
      )
    },
  )

  test('with other custom metadata is taken', () => {
    const event = { type: 'recorded', data: 1, metadata: { custom: { nats: 1, 'x-Nats-y': 2 } } }
    expect(createWireEncoder({})(event).metadata).toEqual(event.metadata)
  })

  test('whose serializer breaks its word is refused', () => {
    const refusal: unknown = expect.objectContaining({
      code: 'ERR_EVENT_SERIALIZATION',
      eventType: 'recorded',
    })
    expect(encodeWith('application/json', '{')).toThrow(refusal)
    expect(encodeWith('application/x+json', '{"a":1},{}')).toThrow(refusal)
    expect(encodeWith('text/plain', 'a\ud800')).toThrow(refusal)
    expect(encodeWith('text/plain', '{')()).toMatchObject({ payload: '{' })
    expect(encodeWith('application/json', '{ }')()).toMatchObject({ payload: '{ }' })
  })
})

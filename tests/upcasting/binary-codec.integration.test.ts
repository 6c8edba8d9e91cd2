import { cborSerializer } from '@millrace/cbor'
import { createEventDecoder, decodeEvents, jsonSerializer } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { cartUpcasters, freshCart, old } from './support/cart.ts'
import { stores } from './support/stores.ts'

const data = {
  cents: 9_007_199_254_740_993n,
  small: 1n,
  at: new Date(1_767_323_045_006),
  image: new Uint8Array([0, 1, 255]),
  minus: -0,
  text: 'é🙂\0',
  list: [{ deep: [null, true, 1.5] }],
}

async function storedIn(events: AsyncIterable<StoredEvent>): Promise<readonly StoredEvent[]> {
  const stored: StoredEvent[] = []
  for await (const event of events) stored.push(event)
  return stored
}

const decode = createEventDecoder({ serializers: [jsonSerializer, cborSerializer] })

describe.each(Object.entries(stores))('binary payloads in %s', (_, open) => {
  test('lie there as bytes and come back as they were, by stream and from the log', async () => {
    await using opened = await open(cborSerializer)
    const { store } = opened
    const cart = freshCart()
    await store.append(cart, [old('Packed', data), old('Packed', [])], { expectedVersion: 'no-stream' })
    const stored = await storedIn(store.read(cart))
    expect(stored.map(({ contentType }) => contentType)).toEqual(['application/cbor', 'application/cbor'])
    expect(stored[0]?.payload).toBeInstanceOf(Uint8Array)
    expect(Buffer.from(stored[0]?.payload ?? '')).toEqual(Buffer.from(cborSerializer.serialize(data)))
    expect(stored.flatMap(decode).map((event) => event.data)).toStrictEqual([data, []])
    const { records } = await store.log.readBatch(await store.log.beginning(), { maxRecords: 10 })
    expect(records.flatMap(decode).map((event) => event.data)).toStrictEqual([data, []])
  })

  test('are upcast like any other, and a tombstone among them is still read', async () => {
    await using opened = await open(cborSerializer)
    const { store } = opened
    const cart = freshCart()
    await store.append(cart, [old('Bought', { skus: ['a'] })], { expectedVersion: 'no-stream' })
    const lifting = createEventDecoder({
      serializers: [jsonSerializer, cborSerializer],
      upcast: cartUpcasters.upcast,
    })
    const types: string[] = []
    for await (const { type, part } of decodeEvents(store.read(cart), lifting))
      types.push(`${type} ${part?.index}`)
    expect(types).toEqual(['ItemAdded 0', 'Closed 1'])
    await store.tombstone(cart, { expectedVersion: 'any', reason: 'erased' })
    const { records } = await store.log.readBatch(await store.log.beginning(), { maxRecords: 10 })
    expect(records.filter(({ type }) => type === '$tombstone').flatMap(lifting)).toMatchObject([
      { data: { reason: 'erased' } },
    ])
  })

  test('that the codec refuses are refused before anything is written', async () => {
    await using opened = await open(cborSerializer)
    const { store } = opened
    const cart = freshCart()
    const writing = store.append(cart, [old('Packed', 1), old('Packed', { text: '\ud800' })], {
      expectedVersion: 'any',
    })
    await expect(writing).rejects.toMatchObject({
      code: 'ERR_EVENT_SERIALIZATION',
      message: expect.stringContaining('data.text') as unknown,
    })
    expect(await store.describe(cart)).toBeUndefined()
  })

  test('are an error that names their content type where no reader was given the codec', async () => {
    await using opened = await open(cborSerializer)
    const { store } = opened
    const cart = freshCart()
    await store.append(cart, [old('Packed', 1)], { expectedVersion: 'any' })
    await expect(decodeEvents(store.read(cart)).next()).rejects.toThrow(
      'no serializer for content type application/cbor',
    )
  })
})

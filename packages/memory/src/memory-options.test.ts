import {
  createStreamId,
  EventSerializationError,
  jsonSerializer,
  PayloadTooLargeError,
  setFailpointHandler,
} from '@millrace/contracts'
import type { EventId, EventStore, Serializer, StoredEvent } from '@millrace/contracts'
import { afterEach, expect, test } from 'vitest'

import { openMemoryStore } from './open-memory-store.ts'

const id = createStreamId('cart', '1')
const opened = { type: 'cart-opened', data: { n: 1 } }
const any = { expectedVersion: 'any' } as const

async function eventsOf(store: EventStore): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for await (const event of store.read(id)) events.push(event)
  return events
}

afterEach(() => setFailpointHandler(undefined))

test('the clock of the options dates events and streams', async () => {
  let now = 1000
  await using store = await openMemoryStore({ now: () => now })
  await store.append(id, [opened], any)
  now = 500
  await store.append(id, [opened], any)
  const events = await eventsOf(store)
  expect(events.map(({ recordedAt }) => recordedAt.getTime())).toEqual([1000, 500])
  // A clock that was set back does not turn the stream round.
  expect(events.map(({ occurredAt }) => occurredAt.getTime())).toEqual([1000, 1000])
  expect(await store.describe(id)).toMatchObject({ createdAt: new Date(1000), updatedAt: new Date(500) })
})

test('the id factory of the options mints what the caller leaves out', async () => {
  let minted = 0
  const ids = (): EventId => String((minted += 1)).padStart(26, '0') as EventId
  await using store = await openMemoryStore({ ids })
  await store.append(id, [opened], any)
  const second = '0'.repeat(25) + '2'
  expect(await eventsOf(store)).toMatchObject([{ id: second, commitId: second }])
})

test('the log carries the name of the options', async () => {
  await using store = await openMemoryStore({ name: 'orders' })
  expect(store.log.name).toBe('orders')
})

test('a binary serializer of the options writes bytes, which are compared when a commit is repeated', async () => {
  const serializer: Serializer = {
    contentType: 'application/octet-stream',
    serialize: (data) => Buffer.from(String(jsonSerializer.serialize(data))),
    deserialize: (payload) => jsonSerializer.deserialize(payload),
  }
  await using store = await openMemoryStore({ serializer })
  const { commitId } = await store.append(id, [opened], any)
  if (commitId === undefined) throw new Error('an append of one event has a commit')
  const [event] = await eventsOf(store)
  expect(event).toMatchObject({ contentType: 'application/octet-stream' })
  expect(event?.payload).toEqual(Buffer.from('{"n":1}'))
  await expect(store.append(id, [opened], { ...any, commitId })).resolves.toMatchObject({ replayed: true })
  const other = store.append(id, [{ ...opened, data: { n: 2 } }], { ...any, commitId })
  await expect(other).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT' })
})

test('the limit of the options holds for every event', async () => {
  await using store = await openMemoryStore({ maxEventBytes: 20 })
  await store.append(id, [opened], any)
  await expect(store.append(id, [{ ...opened, data: 'x'.repeat(30) }], any)).rejects.toThrow(
    PayloadTooLargeError,
  )
  await expect(store.append(id, [{ ...opened, data: Symbol('x') }], any)).rejects.toThrow(
    EventSerializationError,
  )
})

test('an append and a commit stop at their failpoints, before and after they are written', async () => {
  await using store = await openMemoryStore()
  const seen: (readonly [string, number])[] = []
  setFailpointHandler(async (name) => {
    seen.push([name, await store.currentVersion(id)])
  })
  await store.append(id, [opened], any)
  await store.commit([{ streamId: id, events: [opened], expectedVersion: 1 }])
  expect(seen).toEqual([
    ['append:before-commit', 0],
    ['append:after-commit', 1],
    ['append:before-commit', 1],
    ['append:after-commit', 2],
  ])
})

test('what refuses an append rejects its promise and is never thrown, what a failpoint throws included', async () => {
  await using store = await openMemoryStore()
  const reason = new Error('stop here')
  for (const at of ['append:before-commit', 'append:after-commit']) {
    setFailpointHandler((name) => {
      if (name === at) throw reason
    })
    await expect(store.append(id, [opened], any)).rejects.toBe(reason)
  }
  setFailpointHandler(undefined)
  // Of the two only the second was written.
  await expect(store.append(id, [opened], { expectedVersion: 5 })).rejects.toMatchObject({
    code: 'ERR_CONCURRENCY',
    conflict: { actual: 1 },
  })
  await store[Symbol.asyncDispose]()
  await expect(store.append(id, [opened], any)).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
})

test('a read by a mark finds what was appended before the first such read and after it, but for what is erased', async () => {
  await using store = await openMemoryStore()
  const other = createStreamId('order', '1')
  const marked = { ...opened, metadata: { correlationId: 'c' } }
  const found = async (): Promise<readonly string[]> => {
    const events: string[] = []
    for await (const { streamId } of store.readAll({ correlationId: 'c' })) events.push(streamId)
    return events
  }
  await store.append(id, [marked, marked], any)
  await store.append(other, [marked], any)
  await store.tombstone(id, { ...any, reason: 'erased' })
  expect(await found()).toEqual([other])
  await store.append(other, [marked, opened], any)
  expect(await found()).toEqual([other, other])
  await store.tombstone(other, { ...any, reason: 'erased' })
  expect(await found()).toEqual([])
})

test('a commit repeated after its stream was tombstoned is refused, its foreign id still leads to the first result', async () => {
  await using store = await openMemoryStore()
  const foreignId = { source: 'github', id: '1' }
  const first = await store.append(id, [opened], { ...any, foreignId })
  if (first.commitId === undefined) throw new Error('an append of one event has a commit')
  await store.tombstone(id, { ...any, reason: 'erased' })
  const again = store.append(id, [opened], { ...any, commitId: first.commitId })
  await expect(again).rejects.toMatchObject({ code: 'ERR_STREAM_TOMBSTONED' })
  await expect(store.append(id, [opened], { ...any, foreignId })).resolves.toEqual({
    ...first,
    replayed: true,
  })
})

test('a reader that is under way when its stream is tombstoned ends without an error', async () => {
  await using store = await openMemoryStore()
  await store.append(id, [opened, opened, opened], any)
  const types: string[] = []
  for await (const { type } of store.readAll()) {
    types.push(type)
    if (types.length === 1) await store.tombstone(id, { ...any, reason: 'erased' })
  }
  expect(types).toEqual(['cart-opened'])
})

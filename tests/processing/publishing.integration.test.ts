import { createStreamId, PublisherError } from '@millrace/contracts'
import type { CloudEvent, ProcessorStore, Publisher } from '@millrace/contracts'
import { openMemoryPublisher } from '@millrace/memory'
import { openPostgresStore } from '@millrace/postgres'
import { defineRelay, publishThrough } from '@millrace/publishing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { counted, openRig } from './support/rig.ts'

const source = 'urn:millrace:tests'
const any = { expectedVersion: 'any' } as const
const numbers = (events: readonly CloudEvent[]): readonly unknown[] =>
  events.map(({ data }) => (data as { readonly n: number }).n)

describe.each(databaseKinds)('publishing on %s', (kind) => {
  let ledger: Ledger
  let processors: ProcessorStore
  beforeAll(async () => {
    ledger = await openLedger(kind)
    processors = ledger.store
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('a relay publishes the log in its order, as CloudEvents, without tombstones', async () => {
    await using rig = await openRig(ledger)
    const publisher = openMemoryPublisher()
    const relay = defineRelay({ name: fresh('relay'), publisher, source })
    await rig.append('a', 1, 2)
    await rig.append('b', 3)
    await rig.events.tombstone(createStreamId('cart', 'b'), { ...any, reason: 'asked for' })
    const end = await rig.append('a', 4)
    const runtime = await rig.run([relay])
    expect(await runtime.reached(relay.name, end)).toBe(true)
    // The tombstone took the event of its stream along.
    expect(numbers(publisher.published)).toEqual([1, 2, 4])
    for await (const { id, occurredAt } of rig.events.read(createStreamId('cart', 'a'), { limit: 1 }))
      expect(publisher.published[0]).toMatchObject({
        specversion: '1.0',
        id,
        source,
        type: 'counted',
        time: occurredAt.toISOString(),
      })
  })

  test('what others are told can differ from what was recorded, and leave out', async () => {
    await using rig = await openRig(ledger)
    const publisher = openMemoryPublisher()
    const relay = defineRelay({
      name: fresh('relay'),
      publisher,
      source,
      toEvent: ({ id, data }) =>
        (data as { readonly n: number }).n % 2 === 0
          ? undefined
          : { specversion: '1.0', id, source, type: 'odd', data },
    })
    const runtime = await rig.run([relay])
    expect(await runtime.reached(relay.name, await rig.append('a', 1, 2, 3))).toBe(true)
    expect(publisher.published.map(({ type }) => type)).toEqual(['odd', 'odd'])
  })

  test('while the other side is away nothing is parked, and nothing is lost', async () => {
    await using rig = await openRig(ledger)
    const memory = openMemoryPublisher()
    let away = true
    const publisher: Publisher = {
      name: 'flaky',
      publish: async (events, options) => {
        if (away) throw new PublisherError({ publisher: 'flaky', retryable: true, reason: 'away' })
        await memory.publish(events, options)
      },
    }
    const relay = defineRelay({
      name: fresh('relay'),
      publisher,
      source,
      retry: { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 2 },
    })
    const runtime = await rig.run([relay])
    const end = await rig.append('a', 1, 2)
    await eventually(async () => (await runtime.status())[0]?.lastError ?? '').toContain('away')
    expect(await runtime.reached(relay.name, end, { timeoutMs: 500 })).toBe(false)
    expect((await runtime.status())[0]?.parkedRecords).toBe(0)
    away = false
    expect(await runtime.reached(relay.name, end)).toBe(true)
    expect(numbers(memory.published)).toEqual([1, 2])
  })

  test('an event the other side refuses is parked, and holds its stream but no other', async () => {
    await using rig = await openRig(ledger)
    const memory = openMemoryPublisher()
    const publisher: Publisher = {
      name: 'strict',
      publish: async (events, options) => {
        if (numbers(events).includes(2))
          throw new PublisherError({ publisher: 'strict', retryable: false, reason: 'two is refused' })
        await memory.publish(events, options)
      },
    }
    const relay = defineRelay({ name: fresh('relay'), publisher, source })
    const runtime = await rig.run([relay])
    await rig.append('a', 1, 2, 3)
    const end = await rig.append('b', 4)
    expect(await runtime.reached(relay.name, end)).toBe(true)
    expect(numbers(memory.published)).toEqual([1, 4])
    expect((await runtime.status())[0]?.parkedRecords).toBe(2)
    // The relay is past them, and still nobody else has them: neither the one that is refused nor what waits behind it.
    const store = publishThrough(rig.events, { mode: 'sync', relay, runtime, processors })
    const cart = (key: string): ReturnType<typeof createStreamId> => createStreamId('cart', key)
    expect(await store.append(cart('a'), [counted(5)], any)).toMatchObject({ published: false })
    expect(await store.append(cart('c'), [counted(2)], any)).toMatchObject({ published: false })
    expect(await store.append(cart('b'), [counted(6)], any)).toMatchObject({ published: true })
    const writes = ['b', 'c'].map((key) => ({ streamId: cart(key), events: [counted(7)], ...any }))
    expect(await store.commit(writes)).toMatchObject({ published: false })
  })

  test('an event is told of under its own id, or it is parked', async () => {
    await using rig = await openRig(ledger)
    const publisher = openMemoryPublisher()
    const toEvent = (): CloudEvent => ({ specversion: '1.0', id: 'another', source, type: 'told' })
    const relay = defineRelay({ name: fresh('relay'), publisher, source, toEvent })
    const runtime = await rig.run([relay])
    expect(await runtime.reached(relay.name, await rig.append('a', 1), { timeoutMs: 60_000 })).toBe(true)
    expect(publisher.published).toEqual([])
    const { streams } = await processors.deadLetters.held(relay.name, 10)
    expect(streams[0]?.first.reason).toContain('the id of the one it is told of')
  })

  test('an append in mode sync says when its events are published, and when they are not yet', async () => {
    await using rig = await openRig(ledger)
    const publisher = openMemoryPublisher()
    const relay = defineRelay({ name: fresh('relay'), publisher, source })
    const runtime = await rig.run([relay])
    const store = publishThrough(rig.events, { mode: 'sync', relay, runtime, processors })
    const stream = createStreamId('cart', 'sync')
    expect(await store.append(stream, [counted(1)], any)).toMatchObject({ version: 1, published: true })
    expect(numbers(publisher.published)).toEqual([1])
    expect(await store.append(stream, [], any)).toMatchObject({ published: true })
    const write = { streamId: stream, events: [counted(2)], ...any }
    expect(await store.commit([write])).toMatchObject({ published: true })
    await runtime.pause(relay.name)
    const impatient = publishThrough(rig.events, { mode: 'sync', relay, runtime, processors, timeoutMs: 100 })
    const late = await impatient.append(stream, [counted(3)], any)
    expect(late).toMatchObject({ version: 3, published: false })
    expect(numbers(publisher.published)).toEqual([1, 2])
    await runtime.resume(relay.name)
    if (late.position === undefined) throw new Error('an event was appended')
    expect(await runtime.reached(relay.name, late.position)).toBe(true)
    expect(numbers(publisher.published)).toEqual([1, 2, 3])
  })

  test('an append in mode async waits for nobody, and its events are published', async () => {
    await using rig = await openRig(ledger)
    const publisher = openMemoryPublisher()
    const relay = defineRelay({ name: fresh('relay'), publisher, source })
    const runtime = await rig.run([relay])
    const store = publishThrough(rig.events, { mode: 'async', relay, runtime, processors })
    expect(await store.append(createStreamId('cart', 'async'), [counted(1)], any)).toMatchObject({
      published: false,
    })
    await eventually(() => numbers(publisher.published)).toEqual([1])
  })

  test('on a store in the same database the log is the outbox: a rolled back append publishes nothing', async () => {
    await using rig = await openRig(ledger)
    const events = await openPostgresStore({ database: ledger.database, schema: ledger.schema })
    const publisher = openMemoryPublisher()
    const relay = defineRelay({ name: fresh('relay'), publisher, source })
    const runtime = await rig.run([relay], { log: events.log })
    const store = publishThrough(events, { mode: 'sync', relay, runtime, processors })
    const stream = createStreamId('cart', fresh('outbox'))
    await expect(store.append(stream, [counted(1)], { expectedVersion: 7 })).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
    })
    expect(await store.append(stream, [counted(2)], any)).toMatchObject({ published: true })
    expect(numbers(publisher.published)).toEqual([2])
    await events[Symbol.asyncDispose]()
  })
})

test('bad settings are refused by their names', async () => {
  const publisher = openMemoryPublisher()
  for (const bad of ['', 'a b'])
    expect(() => defineRelay({ name: 'relay', publisher, source: bad })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'relay relay.source' }) as Error,
    )
  const runtime = { reached: async () => true, runs: () => false, wake: () => undefined }
  const processors = { deadLetters: {} as ProcessorStore['deadLetters'] }
  const options = { mode: 'sync', relay: { name: 'relay' }, runtime, processors } as const
  await using rig = await openRig({} as Ledger)
  for (const timeoutMs of [0, 600_001, 1.5])
    expect(() => publishThrough(rig.events, { ...options, timeoutMs })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'options.timeoutMs' }) as Error,
    )
  expect(() => publishThrough(rig.events, options)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'relay relay' }) as Error,
  )
})

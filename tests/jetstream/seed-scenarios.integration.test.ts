import { parseEventId } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, facts, freshStream, numbersOf, upTo, versionsOf } from './support/events.ts'
import { openTarget } from './support/store-target.ts'
import type { StoreTarget } from './support/store-target.ts'
import { startServers, startTimeoutMs, topologies } from './support/topologies.ts'
import type { Servers } from './support/topologies.ts'

// The scenarios of a Rust event store's test report, by the names they have there.
describe.each(topologies)('the 18 scenarios of the seed, %s', (topology) => {
  let servers: Servers
  let target: StoreTarget
  let store: EventStore

  beforeAll(async () => {
    servers = await startServers(topology)
    target = servers.newTarget()
    store = await openTarget(target)
  }, startTimeoutMs)

  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await servers[Symbol.asyncDispose]()
  })

  test('test_connect_to_cluster: every server takes appends and answers reads', async () => {
    const streamId = freshStream()
    let version = 0
    for (const { url } of servers.nodes) {
      await using other = await openTarget({ ...target, servers: [url] })
      await other.append(streamId, [fact(version)], { expectedVersion: version })
      version += 1
      expect(numbersOf(await collect(other.read(streamId)))).toHaveLength(version)
    }
    expect(await store.currentVersion(streamId)).toBe(servers.nodes.length)
  })

  test('test_invalid_connection: a server that is not there is a typed error that says which', async () => {
    const opening = openJetStreamStore({ servers: 'nats://anna:s3cret@127.0.0.1:1', name: 'nobody' })
    const error: unknown = await opening.then(() => undefined).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'ERR_CONNECTION',
      message: expect.stringContaining('127.0.0.1:1') as string,
    })
    expect(String(error)).not.toContain('s3cret')
  })

  test('test_empty_aggregate_read: a stream that was never written has no events and no version', async () => {
    const streamId = freshStream()
    expect(await collect(store.read(streamId))).toEqual([])
    expect(await store.currentVersion(streamId)).toBe(0)
    expect(await store.exists(streamId)).toBe(false)
  })

  test('test_empty_event_batch: an append of no events writes nothing', async () => {
    const streamId = freshStream()
    const head = await store.log.head()
    const receipt = await store.append(streamId, [], { expectedVersion: 'no-stream' })
    expect(receipt).toMatchObject({ version: 0, position: undefined, replayed: false })
    expect(await store.log.head()).toEqual(head)
  })

  test('test_single_event_lifecycle: an event comes back as it was written', async () => {
    const streamId = freshStream()
    const occurredAt = new Date('2026-01-02T03:04:05.678Z')
    const event = fact(7, { occurredAt, metadata: { correlationId: 'c1', causationId: 'k1' } })
    const { version, commitId, position } = await store.append(streamId, [event], { expectedVersion: 0 })
    const [stored, ...others] = await collect(store.read(streamId))
    expect(others).toEqual([])
    expect(stored).toMatchObject({ streamId, version, commitId, position, type: 'fact-recorded', occurredAt })
    expect(stored).toMatchObject({ payload: '{"n":7}', metadata: { correlationId: 'c1', causationId: 'k1' } })
  })

  test.each([
    ['test_batch_append_small', 10],
    ['test_batch_append_medium', 100],
    ['test_batch_append_large', 1000],
  ])('%s: %d events are one commit', async (_name, count) => {
    const streamId = freshStream()
    const receipt = await store.append(streamId, facts(count), { expectedVersion: 'no-stream' })
    expect(receipt.version).toBe(count)
    const events = await collect(store.read(streamId))
    expect(versionsOf(events)).toEqual(upTo(count))
    expect(numbersOf(events)).toEqual(upTo(count).map((n) => n - 1))
    expect(new Set(events.map(({ commitId }) => commitId)).size).toBe(1)
  })

  test('test_incremental_appends: five batches of ten continue each other', async () => {
    const streamId = freshStream()
    for (const expectedVersion of [0, 10, 20, 30, 40]) {
      const { version } = await store.append(streamId, facts(10, expectedVersion), { expectedVersion })
      expect(version).toBe(expectedVersion + 10)
    }
    const events = await collect(store.read(streamId))
    expect(versionsOf(events)).toEqual(upTo(50))
    expect(numbersOf(events)).toEqual(upTo(50).map((n) => n - 1))
  })

  test('test_optimistic_concurrency_success: an append at the true version is taken', async () => {
    const streamId = freshStream()
    const first = await store.append(streamId, [fact()], { expectedVersion: 'no-stream' })
    const second = await store.append(streamId, [fact()], { expectedVersion: first.version })
    expect(second.version).toBe(2)
  })

  test('test_optimistic_concurrency_conflict: an append at a stale version is told the true one', async () => {
    const streamId = freshStream()
    await store.append(streamId, facts(3), { expectedVersion: 'no-stream' })
    const stale = store.append(streamId, [fact()], { expectedVersion: 2 })
    await expect(stale).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
      conflict: { streamId, expected: 2, actual: 3 },
    })
    expect(await store.currentVersion(streamId)).toBe(3)
  })

  test('test_first_write_wins: of two clients at one version the first is kept, the second is refused', async () => {
    const streamId = freshStream()
    await using other = await openTarget(target)
    await store.append(streamId, [fact(1)], { expectedVersion: 'no-stream' })
    const second = other.append(streamId, [fact(2)], { expectedVersion: 'no-stream' })
    await expect(second).rejects.toMatchObject({ code: 'ERR_CONCURRENCY' })
    expect(numbersOf(await collect(other.read(streamId)))).toEqual([1])
  })

  test('test_read_from_version: a read begins at the version asked for', async () => {
    const streamId = freshStream()
    for (let at = 0; at < 20; at += 4) await store.append(streamId, facts(4, at), { expectedVersion: at })
    const events = await collect(store.read(streamId, { fromVersion: 11 }))
    expect(versionsOf(events)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
    expect(numbersOf(events)[0]).toBe(10)
  })

  test('test_get_version: the version is the number of events', async () => {
    const streamId = freshStream()
    await store.append(streamId, facts(12), { expectedVersion: 'no-stream' })
    await store.append(streamId, facts(5), { expectedVersion: 12 })
    expect(await store.currentVersion(streamId)).toBe(17)
    expect(await store.describe(streamId)).toMatchObject({ id: streamId, version: 17 })
  })

  test('test_read_by_correlation: one conversation is found across streams', async () => {
    const correlationId = String(freshStream())
    const streams = [freshStream(), freshStream('invoice'), freshStream()]
    for (const [n, streamId] of streams.entries()) {
      await store.append(streamId, [fact(n)], { expectedVersion: 'any', metadata: { correlationId } })
      await store.append(streamId, [fact(99)], {
        expectedVersion: 'any',
        metadata: { correlationId: 'other' },
      })
    }
    const found = await collect(store.readAll({ correlationId }))
    expect(found.map(({ streamId }) => streamId)).toEqual(streams)
    expect(numbersOf(found)).toEqual([0, 1, 2])
  })

  test('test_read_by_time_range: events are found by when they happened, both ends included', async () => {
    const streamId = freshStream()
    const at = (second: number): Date => new Date(Date.UTC(2026, 2, 1, 12, 0, second))
    const events = upTo(10).map((n) => fact(n, { occurredAt: at(n) }))
    await store.append(streamId, events, { expectedVersion: 'no-stream' })
    const window = { occurredFrom: at(4), occurredUntil: at(7) }
    expect(numbersOf(await collect(store.read(streamId, window)))).toEqual([4, 5, 6, 7])
    const everywhere = await collect(store.readAll(window))
    expect(numbersOf(everywhere.filter((event) => event.streamId === streamId))).toEqual([4, 5, 6, 7])
  })

  test('test_multiple_aggregates_isolation: ten streams written at once do not mix', async () => {
    const streams = Array.from({ length: 10 }, () => freshStream())
    await Promise.all(
      streams.map(async (streamId, i) => {
        for (const expectedVersion of [0, 5, 10])
          await store.append(streamId, facts(5, 100 * i + expectedVersion), { expectedVersion })
      }),
    )
    for (const [i, streamId] of streams.entries()) {
      const events = await collect(store.read(streamId))
      expect(versionsOf(events)).toEqual(upTo(15))
      expect(numbersOf(events)).toEqual(upTo(15).map((n) => 100 * i + n - 1))
    }
  })

  test('test_high_volume_sequential: 10,000 events one after the other are all there, far above 167 a second', async () => {
    const streamId = freshStream()
    const begin = performance.now()
    for (let at = 0; at < 10_000; at += 100)
      await store.append(streamId, facts(100, at), { expectedVersion: at })
    const perSecond = 10_000 / ((performance.now() - begin) / 1000)
    const ids = new Set<string>()
    let version = 0
    for await (const event of store.read(streamId)) {
      version += 1
      expect([event.version, JSON.parse(String(event.payload))]).toEqual([version, { n: version - 1 }])
      ids.add(parseEventId(event.id))
    }
    expect([version, ids.size]).toEqual([10_000, 10_000])
    // The floor is the seed's own figure with room for a busy machine; the promise is the benchmark's.
    expect(perSecond).toBeGreaterThan(1_670)
  })
})

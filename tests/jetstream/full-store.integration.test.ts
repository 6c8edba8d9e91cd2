import type { EventStore, StreamId } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, freshStream, numbersOf, upTo } from './support/events.ts'
import { Stage, useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { startServers, topologies } from './support/topologies.ts'

const text = 'x'.repeat(20_000)

/** Appends until the store refuses; returns the number of events it took. */
async function fill(
  store: EventStore,
  streamId: StreamId,
  from = 0,
): Promise<{ taken: number; error: unknown }> {
  for (let taken = from; ; taken++) {
    try {
      await store.append(streamId, [fact(taken, { data: { n: taken, text } })], { expectedVersion: taken })
    } catch (error) {
      return { taken, error }
    }
    if (taken > 10_000) throw new Error('the store was never full')
  }
}

describe.each(topologies)('a full store, %s', (topology) => {
  const stage = useStage(topology)

  test('refuses appends with a typed error, writes nothing in part, is read on, and goes on once it may grow', async () => {
    await using local = await Stage.open(stage().servers, { maxBytes: 1_000_000 })
    const { store, raw, target } = local
    const streamId = freshStream()
    const { taken, error } = await fill(store, streamId)
    expect(error).toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(taken).toBeGreaterThan(30)
    const { state } = await raw.info()
    const writes = [freshStream(), freshStream()].map((id) => ({
      streamId: id,
      events: [fact(1, { data: { n: 1, text } })],
      expectedVersion: 0,
    }))
    await expect(store.commit(writes)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect((await raw.info()).state).toMatchObject({ messages: state.messages, last_seq: state.last_seq })
    expect(numbersOf(await collect(store.read(streamId)))).toEqual(upTo(taken).map((n) => n - 1))
    await using grown = await openTarget({ ...target, maxBytes: 4_000_000 })
    for (const client of [grown, store]) {
      const version = await client.currentVersion(streamId)
      const receipt = await client.append(streamId, [fact(version)], { expectedVersion: version })
      expect(receipt.version).toBe(version + 1)
    }
  })

  test('an account that may store no more refuses appends with a typed error, and is read on', async () => {
    const events = { jetstream: { max_file: 2_000_000 }, users: [{ user: 'anna', password: 'x' }] }
    await using servers = await startServers(topology, { settings: { accounts: { EVENTS: events } } })
    const urls = servers.urls.map((url) => url.replace('//', '//anna:x@'))
    const target = servers.newTarget({ servers: urls })
    await using store = await openTarget(target)
    const streamId = freshStream()
    const { taken, error } = await fill(store, streamId)
    expect(error).toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(taken).toBeGreaterThan(10)
    await using reader = await openTarget(target)
    for (const client of [store, reader])
      expect(numbersOf(await collect(client.read(streamId)))).toEqual(upTo(taken).map((n) => n - 1))
  })

  test('a store that is larger than the server allows is refused when it is opened', async () => {
    await using servers = await startServers(topology, { jetstream: { max_file_store: 1_000_000 } })
    const opening = openTarget(servers.newTarget({ maxBytes: 10_000_000 }))
    await expect(opening).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
  })
})

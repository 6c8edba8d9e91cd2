import { setTimeout as sleep } from 'node:timers/promises'

import type { EventStore } from '@millrace/contracts'
import { chooseSeed, createRandom } from '@millrace/testing'
import { startToxiproxy } from '@millrace/tools/services'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { runConsumerStarts } from './support/consumer-starts.ts'
import { fact, facts, freshStream, numbersOf, upTo } from './support/events.ts'
import { until } from './support/eventually.ts'
import { inTurn } from './support/in-turn.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { freshName, topologies } from './support/topologies.ts'

const patience = { timeout: 120_000 }

describe.each(topologies)('reading, %s', (topology) => {
  const stage = useStage(topology, { advertise: false })

  test(
    'a stream of 30,000 events is read whole, also over a connection that is cut again and again',
    patience,
    async () => {
      const { store, target, servers } = stage()
      const [streamId, count] = [freshStream(), 30_000]
      for (let at = 0; at < count; at += 500) {
        await store.append(streamId, facts(500, at), { expectedVersion: at })
        await store.append(freshStream(), [fact()], { expectedVersion: 0 })
      }
      expect(numbersOf(await collect(store.read(streamId)))).toEqual(upTo(count).map((n) => n - 1))
      await using toxiproxy = await startToxiproxy()
      const [server] = servers.nodes
      const way = await toxiproxy.open(server ?? { port: 0 })
      const clientName = freshName('client')
      const path = [`nats://127.0.0.1:${way.port}`]
      await using far = await openTarget({ ...target, servers: path, clientName })
      const connections = async (): Promise<readonly number[]> =>
        (await server?.monitor.connectionsOf(clientName)) ?? []
      const random = createRandom(chooseSeed())
      let [seen, mending] = [0, Promise.resolve()]
      const cids = new Set(await connections())
      for await (const { version, payload } of far.read(streamId)) {
        seen += 1
        expect([version, JSON.parse(String(payload))]).toEqual([seen, { n: seen - 1 }])
        if (seen % 5_000 !== 1) continue
        await mending
        await until(async () => (await connections()).length === 1, { what: 'the reader to be connected' })
        for (const cid of await connections()) cids.add(cid)
        // Some of the answer still comes through, the rest of it does not.
        const bytes = Math.floor(random() * 50_000)
        await way.add({ type: 'limit_data', stream: 'downstream', attributes: { bytes } })
        mending = sleep(200).then(() => way.mend())
      }
      await mending
      expect(seen).toBe(count)
      // The reader may have had the last of it before the last cut.
      expect(cids.size).toBeGreaterThanOrEqual(4)
    },
  )

  test(
    'what one client wrote, every client sees at once, through any server, while others write',
    patience,
    async () => {
      const { target, servers } = stage()
      await using stack = new AsyncDisposableStack()
      const clients: EventStore[] = []
      for (const url of [...servers.urls, ...servers.urls])
        clients.push(stack.use(await openTarget({ ...target, servers: [url] })))
      const stop = new AbortController()
      const noise = clients.slice(0, 3).map(async (client) => {
        while (!stop.signal.aborted) await client.append(freshStream(), facts(3), { expectedVersion: 0 })
      })
      const streamId = freshStream()
      for (let version = 0; version < 100; version++) {
        const [writer, reader] = [inTurn(clients, version), inTurn(clients, version + 1)]
        const receipt = await writer.append(streamId, [fact(version)], { expectedVersion: version })
        expect(await reader.currentVersion(streamId)).toBe(version + 1)
        const seen = await collect(reader.read(streamId, { fromVersion: version + 1 }))
        expect(numbersOf(seen)).toEqual([version])
        if (version % 10 !== 0 || receipt.position === undefined) continue
        const last = reader.readAll({
          atLeast: receipt.position,
          direction: 'backwards',
          categories: ['order'],
        })
        const positions: number[] = []
        for await (const { position } of last) {
          positions.push(position.commit)
          if (position.commit <= receipt.position.commit) break
        }
        expect(positions.at(-1)).toBe(receipt.position.commit)
      }
      stop.abort()
      await Promise.all(noise)
    },
  )

  test('a fenced read gives the true version to whoever read a stale one', async () => {
    const { store, target, servers } = stage()
    await using far = await openTarget({ ...target, servers: servers.urls.slice(-1) })
    const streamId = freshStream()
    expect(await far.fencedVersion(streamId)).toBe(0)
    for (let version = 0; version < 20; version++) {
      await store.append(streamId, [fact(version)], { expectedVersion: version })
      expect(await far.fencedVersion(streamId)).toBe(version + 1)
    }
    await expect(far.append(streamId, [fact()], { expectedVersion: 19 })).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
      conflict: { actual: 20 },
    })
  })

  test('2,000 loads open no consumer, and a hundred subscriptions leave none behind', patience, async () => {
    const { store, raw } = stage()
    const streams = Array.from({ length: 50 }, () => freshStream())
    for (const streamId of streams) await store.append(streamId, facts(3), { expectedVersion: 0 })
    let created = 0
    const advisory = `$JS.EVENT.ADVISORY.CONSUMER.CREATED.${raw.name}.>`
    const subscription = raw.connection.subscribe(advisory, { callback: () => void (created += 1) })
    for (let load = 0; load < 2_000; load += 50) {
      const loads = streams.map((streamId) => collect(store.read(streamId)))
      expect((await Promise.all(loads)).every(({ length }) => length === 3)).toBe(true)
    }
    await raw.connection.flush()
    expect(created).toBe(0)
    const after = await store.log.beginning()
    for (let restart = 0; restart < 100; restart++) {
      await using client = await openTarget(stage().target)
      const first = await client.log.readBatch(after, { maxRecords: 10 })
      const second = await client.log.readBatch(first.end, { maxRecords: 10 })
      expect(second.records.length).toBeGreaterThanOrEqual(10)
    }
    await raw.connection.flush()
    expect(created).toBe(100)
    subscription.unsubscribe()
    await until(async () => (await raw.consumerNames()).length === 0, { what: 'the consumers to be gone' })
  })
})

test.each(topologies)(
  'a consumer gives its first event within two seconds, %s',
  patience,
  async (topology) => {
    const verdict = await runConsumerStarts({ topology, starts: 60, seed: chooseSeed() })
    expect(verdict).toMatchObject({ lost: 0, left: 0 })
    expect(verdict.created).toBeGreaterThanOrEqual(60)
    expect(verdict.worstMs).toBeLessThanOrEqual(2000)
  },
)

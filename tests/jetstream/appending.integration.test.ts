import { createIdFactory, parseCommitId } from '@millrace/contracts'
import type { CommitId, EventStore, StreamId } from '@millrace/contracts'
import { describe, expect, test, vi } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, facts, freshStream, numbersOf, upTo, versionsOf } from './support/events.ts'
import { until } from './support/eventually.ts'
import { inTurn } from './support/in-turn.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { topologies } from './support/topologies.ts'

const mint = createIdFactory()
const freshCommit = (): CommitId => parseCommitId(mint())

async function readBack(store: EventStore, streamId: StreamId): Promise<readonly number[]> {
  const events = await collect(store.read(streamId))
  expect(versionsOf(events)).toEqual(upTo(events.length))
  return numbersOf(events)
}

describe.each(topologies)('appending, %s', (topology) => {
  const stage = useStage(topology)

  test('of twenty appends at one version from many connections one wins, and all losers get one error', async () => {
    const { target } = stage()
    await using first = await openTarget(target)
    await using second = await openTarget(target)
    await using third = await openTarget({ ...target, servers: target.servers.toReversed() })
    const writers = [stage().store, first, second, third]
    for (let round = 0; round < 10; round++) {
      const streamId = freshStream()
      await stage().store.append(streamId, facts(3), { expectedVersion: 0 })
      const racing = upTo(20).map((n) =>
        inTurn(writers, n).append(streamId, [fact(n)], { expectedVersion: 3 }),
      )
      const outcomes = await Promise.allSettled(racing)
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(refusals).toHaveLength(19)
      for (const { reason } of refusals)
        expect(reason).toMatchObject({
          code: 'ERR_CONCURRENCY',
          conflict: { streamId, expected: 3, actual: 4 },
        })
      expect(await readBack(stage().store, streamId)).toHaveLength(4)
    }
  })

  test('a thousand contended appends have the versions 1 to 1,000, and a hand-made gap is found', async () => {
    const { store, raw, target } = stage()
    await using other = await openTarget(target)
    const streamId = freshStream()
    const appends = upTo(1000).map((n) =>
      inTurn([store, other], n).append(streamId, [fact(n)], { expectedVersion: 'any' }),
    )
    const receipts = await Promise.all(appends)
    const versions = receipts.map((receipt) => receipt.version)
    expect(versions.toSorted((a, b) => a - b)).toEqual(upTo(1000))
    expect(new Set(await readBack(store, streamId)).size).toBe(1000)
    const victim = receipts.find((receipt) => receipt.version === 500)
    await raw.deleteMessage(victim?.position?.commit ?? 0)
    await using fresh = await openTarget(target)
    await expect(collect(fresh.read(streamId))).rejects.toMatchObject({
      code: 'ERR_STREAM_CORRUPT',
      streamId,
    })
  })

  test('a commit repeated as it was gives the first result, of one stream and of several', async () => {
    const { store, target } = stage()
    const [streamId, ...others] = [freshStream(), freshStream(), freshStream()]
    await using stranger = await openTarget(target)
    const commitId = freshCommit()
    const events = facts(3).map((event) => ({ ...event, id: mint() }))
    const first = await store.append(streamId, events, { expectedVersion: 0, commitId })
    for (const client of [store, stranger])
      expect(await client.append(streamId, events, { expectedVersion: 0, commitId })).toEqual({
        ...first,
        replayed: true,
      })
    const writes = others.map((id) => ({
      streamId: id,
      events: [{ ...fact(), id: mint() }],
      expectedVersion: 0,
    }))
    const several = await store.commit(writes, { commitId: freshCommit() })
    for (const client of [store, stranger]) {
      const again = await client.commit(writes, { commitId: several.commitId as CommitId })
      expect(again).toMatchObject({ commitId: several.commitId, replayed: true })
      expect(again.streams.map(({ version }) => version)).toEqual([1, 1])
    }
    expect(await readBack(store, streamId)).toEqual([0, 1, 2])
    for (const id of others) expect(await readBack(store, id)).toEqual([0])
  })

  test('a commit repeated after the duplicate window gives the first result too', async () => {
    const { store, raw, target } = stage()
    const [streamId, other] = [freshStream(), freshStream()]
    const commitId = freshCommit()
    const events = [{ ...fact(1), id: mint() }]
    const windowMs = 200
    await raw.update({ duplicate_window: windowMs * 1_000_000 })
    const first = await store.append(streamId, events, { expectedVersion: 0, commitId })
    const writes = [streamId, other].map((id, i) => ({
      streamId: id,
      events: [{ ...fact(2), id: mint() }],
      expectedVersion: 1 - i,
    }))
    const several = await store.commit(writes, { commitId: freshCommit() })
    await store.append(streamId, [fact(3)], { expectedVersion: 2 })
    // Sent after the commits, so that it is forgotten after them.
    const marker = async (): Promise<number> =>
      await raw.publish(`${raw.name}.fence.marker`, '', { 'Nats-Msg-Id': commitId.replace(/^./, 'm') })
    const remembered = await marker()
    await until(async () => (await marker()) !== remembered, { what: 'the server to forget' })
    await using stranger = await openTarget(target)
    for (const client of [store, stranger]) {
      const again = await client.append(streamId, events, { expectedVersion: 0, commitId })
      expect(again).toEqual({ ...first, replayed: true })
      const both = await client.commit(writes, { commitId: several.commitId as CommitId })
      expect(both).toMatchObject({ commitId: several.commitId, replayed: true })
    }
    expect(await readBack(store, streamId)).toEqual([1, 2, 3])
    expect(await readBack(store, other)).toEqual([2])
  })

  test('a commit id that another stream has used is refused, never answered with the other commit', async () => {
    const { store, target } = stage()
    const commitId = freshCommit()
    await store.append(freshStream(), [fact()], { expectedVersion: 0, commitId })
    await using stranger = await openTarget(target)
    for (const client of [store, stranger]) {
      const streamId = freshStream()
      const second = client.append(streamId, [fact()], { expectedVersion: 0, commitId })
      await expect(second).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT', id: commitId })
      expect(await store.exists(streamId)).toBe(false)
    }
  })

  test('a commit over two streams whose second is stale writes nothing and names the stale one', async () => {
    const { store } = stage()
    const [fresh, stale] = [freshStream(), freshStream()]
    await store.append(stale, facts(2), { expectedVersion: 0 })
    const head = await store.log.head()
    const commit = store.commit([
      { streamId: fresh, events: facts(2), expectedVersion: 0 },
      { streamId: stale, events: facts(1), expectedVersion: 1 },
    ])
    await expect(commit).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
      conflict: { streamId: stale, expected: 1, actual: 2 },
    })
    expect(await store.exists(fresh)).toBe(false)
    expect(await store.log.head()).toEqual(head)
  })

  test('a commit over a thousand streams is written, over one more it is refused before anything is sent', async () => {
    const { store } = stage()
    const writesTo = (count: number): { streamId: StreamId; events: object[]; expectedVersion: number }[] =>
      upTo(count).map((n) => ({ streamId: freshStream(), events: [fact(n)], expectedVersion: 0 }))
    const receipt = await store.commit(writesTo(1000) as never)
    expect(receipt.streams.map(({ version }) => version)).toEqual(upTo(1000).map(() => 1))
    const before = await store.log.head()
    const tooMany = store.commit(writesTo(1001) as never)
    await expect(tooMany).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) as string })
    expect(await store.log.head()).toEqual(before)
  })

  test('while fifty other batches are open, a commit over two streams waits for its turn', async () => {
    const { store, raw, target } = stage()
    const subject = `${target.name}.fence.test`
    const batches = upTo(50).map((n) => `open-${n}-${mint()}`)
    for (const id of batches) await raw.openBatch(subject, id)
    await expect(raw.openBatch(subject, mint())).rejects.toMatchObject({ code: 10_210 })
    const [a, b] = [freshStream(), freshStream()]
    const writes = [a, b].map((streamId) => ({ streamId, events: [fact(5)], expectedVersion: 0 }))
    let sent = 0
    const count = (): void => void (sent += 1)
    const sending = raw.connection.subscribe(`${target.name}.es.>`, { callback: count })
    await raw.connection.flush()
    const commit = store.commit(writes)
    let isDone = false
    void commit.finally(() => (isDone = true)).catch(() => undefined)
    await until(() => sent > 3 * writes.length, { what: 'the commit to be sent a fourth time' })
    sending.unsubscribe()
    expect(isDone).toBe(false)
    for (const id of batches) await raw.closeBatch(subject, id)
    expect((await commit).streams.map(({ version }) => version)).toEqual([1, 1])
    expect([await readBack(store, a), await readBack(store, b)]).toEqual([[5], [5]])
  })

  test('a commit above max_payload is written in one piece', async () => {
    const { store, raw } = stage()
    const maxPayload = raw.connection.info?.max_payload ?? 0
    const text = 'x'.repeat(100_000)
    const streamId = freshStream()
    const count = Math.ceil((2.5 * maxPayload) / text.length)
    const events = upTo(count).map((n) => fact(n, { data: { n, text } }))
    const receipt = await store.append(streamId, events, { expectedVersion: 0 })
    expect(receipt.version).toBe(count)
    const stored = await collect(store.read(streamId))
    expect(numbersOf(stored)).toEqual(upTo(count))
    expect(new Set(stored.map(({ position }) => position.commit)).size).toBe(1)
    await store.append(streamId, [fact(0)], { expectedVersion: count })
  })

  test('fifty thousand events are one commit, written and read back whole', { timeout: 60_000 }, async () => {
    const { store } = stage()
    const streamId = freshStream()
    const receipt = await store.append(streamId, facts(50_000), { expectedVersion: 0 })
    expect(receipt.version).toBe(50_000)
    const stored = await collect(store.read(streamId))
    expect(numbersOf(stored)).toEqual(upTo(50_000).map((n) => n - 1))
    expect(new Set(stored.map(({ position }) => position.commit)).size).toBe(1)
  })

  test('an event above the maximum is refused before anything is written', async () => {
    const { store } = stage()
    const streamId = freshStream()
    const tooLarge = store.append(streamId, [fact(0, { data: 'x'.repeat(3_000_000) })], {
      expectedVersion: 0,
    })
    await expect(tooLarge).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
    expect(await store.exists(streamId)).toBe(false)
  })

  test('readers of the log see all of a commit over many streams, or none of it', async () => {
    const { store, target } = stage()
    await using reader = await openTarget(target)
    const from = await reader.log.head()
    const rounds = 20
    const writing = (async () => {
      for (let round = 0; round < rounds; round++) {
        const writes = upTo(40).map((n) => ({
          streamId: freshStream(),
          events: facts(2, n),
          expectedVersion: 0,
        }))
        await store.commit(writes)
      }
    })()
    let [at, seen] = [from, 0]
    await vi.waitFor(
      async () => {
        const { records, end } = await reader.log.readBatch(at, { maxRecords: 7 })
        const byCommit = Map.groupBy(records, ({ commitId }) => commitId)
        for (const events of byCommit.values()) {
          expect(events.map(({ position }) => position.index)).toEqual(upTo(80).map((n) => n - 1))
          seen += 1
        }
        at = end
        expect(seen).toBe(rounds)
      },
      { timeout: 20_000, interval: 1 },
    )
    await writing
  })
})

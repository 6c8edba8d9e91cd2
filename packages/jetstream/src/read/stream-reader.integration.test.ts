import { expect, test } from 'vitest'

import { all, fact, facts, numbersOf, ReadStage, stream, upTo } from '../../fixtures/read-stage.ts'
import { formatTrail, trailHeaderName } from '../wire/trail.ts'
import { StreamReader } from './stream-reader.ts'

const id = stream('a')

/** How events come to lie in a stream: with trails, as the store writes them, or without, as nobody does any more. */
const kinds = ['with trails', 'without trails'] as const

async function fill(stage: ReadStage, kind: (typeof kinds)[number], count: number): Promise<void> {
  if (kind === 'with trails') return await stage.fill(id, count)
  for (let version = 1; version <= count; version++) await stage.writeRaw(id, { version })
}

test.each(kinds)('a stream %s is read forwards, backwards and in part', async (kind) => {
  await using stage = await ReadStage.open()
  await fill(stage, kind, 150)
  const read = async (options: object): Promise<readonly number[]> =>
    numbersOf(await all(stage.store.read(id, options)))
  expect(await read({})).toEqual(upTo(150))
  expect(await read({ direction: 'backwards' })).toEqual(upTo(150).toReversed())
  expect(await read({ fromVersion: 100, toVersion: 103 })).toEqual([99, 100, 101, 102])
  expect(await read({ fromVersion: 10, toVersion: 12, direction: 'backwards' })).toEqual([11, 10, 9])
  expect(await read({ fromVersion: 150 })).toEqual([149])
  expect(await read({ limit: 3, direction: 'backwards' })).toEqual([149, 148, 147])
})

test.each([1, 3])(
  'a stream whose events lie far apart is read along its trail, %i replicas',
  async (replicas) => {
    await using stage = await ReadStage.open()
    for (let n = 0; n < 40; n++) {
      await stage.store.append(id, [fact(n)], { expectedVersion: n })
      await stage.litter(n < 36 ? 10 : 20_000)
    }
    const reader = new StreamReader(await stage.parts(replicas))
    expect(numbersOf(await all(reader.read(id, {})))).toEqual(upTo(40))
    expect(numbersOf(await all(reader.read(id, { fromVersion: 38 })))).toEqual([37, 38, 39])
    expect(numbersOf(await all(reader.read(id, { fromVersion: 3, limit: 2 })))).toEqual([2, 3])
  },
  60_000,
)

test('where others than the leader may answer, what they miss is asked of the leader', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 30)
  await stage.fill(stream('b'), 1)
  const parts = await stage.parts(3)
  const reader = new StreamReader(parts)
  expect(numbersOf(await all(reader.read(id, {})))).toEqual(upTo(30))
  expect(numbersOf(await all(reader.read(id, { direction: 'backwards', limit: 2 })))).toEqual([29, 28])
  expect(await all(reader.read(stream('none'), {}))).toEqual([])
  await stage.deleteMessage(20)
  await expect(all(reader.read(id, {}))).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT' })
  await expect(all(reader.read(id, { direction: 'backwards' }))).rejects.toMatchObject({
    code: 'ERR_STREAM_CORRUPT',
  })
})

test('an answer from before an append of this process is not taken for the truth', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  const parts = await stage.parts(3)
  const head = await parts.heads.read(id, stage.subjects.stream(id))
  // What a leader that was paused would answer for a while: less than was acknowledged.
  parts.heads.set(stage.subjects.stream(id), { ...head, sequence: 1_000_000 })
  const late = all(new StreamReader(parts).read(id, { signal: AbortSignal.timeout(500) }))
  await expect(late).rejects.toThrow('timeout')
  parts.heads.set(stage.subjects.stream(id), head)
  expect(numbersOf(await all(new StreamReader(parts).read(id, {})))).toEqual([0, 1, 2])
})

test('commits of many events are read event by event', async () => {
  await using stage = await ReadStage.open()
  for (let at = 0; at < 50; at += 5) await stage.store.append(id, facts(5), { expectedVersion: at })
  const five = [0, 1, 2, 3, 4]
  expect(numbersOf(await all(stage.store.read(id)))).toEqual(upTo(10).flatMap(() => five))
  const some = await all(stage.store.read(id, { fromVersion: 4, toVersion: 7, direction: 'backwards' }))
  expect(some.map(({ version }) => version)).toEqual([7, 6, 5, 4])
})

test('a commit of several messages is read whole in both directions', async () => {
  await using stage = await ReadStage.open()
  const text = 'x'.repeat(100_000)
  const large = Array.from({ length: 25 }, (_, n) => fact(n, { data: { n, text } }))
  await stage.store.append(id, facts(2), { expectedVersion: 0 })
  await stage.store.append(id, large, { expectedVersion: 2 })
  await stage.store.append(id, facts(1), { expectedVersion: 27 })
  const expected = [0, 1, ...upTo(25), 0]
  expect(numbersOf(await all(stage.store.read(id)))).toEqual(expected)
  const backwards = await all(stage.store.read(id, { direction: 'backwards' }))
  expect(numbersOf(backwards)).toEqual(expected.toReversed())
}, 60_000)

test('a long stream goes through a consumer, which is gone when the reader stops', async () => {
  await using stage = await ReadStage.open()
  const count = 3_000
  for (let version = 1; version <= count; version += 200)
    await Promise.all(upTo(200).map(async (n) => await stage.writeRaw(id, { version: version + n })))
  expect(numbersOf(await all(stage.store.read(id)))).toEqual(upTo(count))
  const seen: number[] = []
  let consumers: readonly string[] = []
  for await (const { version } of stage.store.read(id)) {
    seen.push(version)
    if (version < 2_500) continue
    consumers = await stage.consumerNames()
    break
  }
  expect([consumers.length, seen]).toEqual([1, upTo(2_500).map((n) => n + 1)])
  expect(await stage.consumerNames()).toEqual([])
}, 60_000)

test.each(['forwards', 'backwards'] as const)(
  'a message that was deleted in the middle is noticed, %s',
  async (direction) => {
    await using stage = await ReadStage.open()
    await stage.fill(id, 100)
    await stage.deleteMessage(50)
    const read = all(stage.store.read(id, { direction }))
    await expect(read).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT', streamId: id })
    expect((await all(stage.store.read(id, { fromVersion: 60 }))).length).toBe(41)
  },
)

test('a first message that was deleted is noticed', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 10)
  await stage.deleteMessage(1)
  await expect(all(stage.store.read(id))).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT' })
})

test('a message that somebody else wrote is noticed where it is read', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  const sequence = await stage.publish(stage.subjects.stream(id), 'hello')
  const read = all(stage.store.read(id))
  await expect(read).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT', streamId: id, sequence })
})

test('a trail that leads elsewhere leads nobody astray', async () => {
  await using stage = await ReadStage.open()
  const other = stream('b')
  await stage.fill(other, 40)
  await stage.fill(id, 40)
  const lines = `${trailHeaderName}: ${formatTrail([80, 3, 2, 1])}\r\n`
  await stage.writeRaw(id, { version: 41, lines })
  const backwards = await all(stage.store.read(id, { direction: 'backwards' }))
  expect(numbersOf(backwards)).toEqual(upTo(41).toReversed())
})

test('a stream that is closed while it is read ends the read with that reason', async () => {
  await using stage = await ReadStage.open()
  for (let n = 0; n < 1_200; n++) await stage.writeRaw(id, { version: n + 1 })
  const read = (async () => {
    for await (const { version } of stage.store.read(id))
      if (version === 10) await stage.store.tombstone(id, { expectedVersion: 'any', reason: 'enough' })
  })()
  await expect(read).rejects.toMatchObject({ code: 'ERR_STREAM_TOMBSTONED', streamId: id })
}, 60_000)

test('what is appended after a read began is not part of it', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 5)
  const seen: number[] = []
  for await (const { version } of stage.store.read(id)) {
    seen.push(version)
    if (version === 1) await stage.store.append(id, [fact(5)], { expectedVersion: 5 })
  }
  expect(seen).toEqual([1, 2, 3, 4, 5])
})

test('dates bound a read in both directions', async () => {
  await using stage = await ReadStage.open()
  const at = (ms: number): Date => new Date(Date.UTC(2025, 0, 1) + ms)
  for (let n = 0; n < 20; n++)
    await stage.store.append(id, [fact(n, { occurredAt: at(n) })], { expectedVersion: n })
  const options = { occurredFrom: at(5), occurredUntil: at(8) }
  expect(numbersOf(await all(stage.store.read(id, options)))).toEqual([5, 6, 7, 8])
  const backwards = stage.store.read(id, { ...options, direction: 'backwards' })
  expect(numbersOf(await all(backwards))).toEqual([8, 7, 6, 5])
})

test('a trail that leads nowhere new is not followed for ever', async () => {
  await using stage = await ReadStage.open()
  const looped = stream('loop')
  const trail = (sequence: number) => ({ lines: `${trailHeaderName}: ${sequence.toString(36)}\r\n` })
  // To itself; forwards; back to where a later version stands.
  await stage.writeRaw(looped, { version: 4 })
  await stage.writeRaw(looped, { version: 2, ...trail(2) })
  await stage.writeRaw(looped, { version: 3, ...trail(9) })
  const last = await stage.writeRaw(looped, { version: 4, ...trail(1) })
  expect(last).toBe(4)
  const read = async (direction: 'forwards' | 'backwards'): Promise<unknown> =>
    await all(stage.store.read(looped, { direction }))
  await expect(read('backwards')).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT' })
  await expect(read('forwards')).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT' })
})

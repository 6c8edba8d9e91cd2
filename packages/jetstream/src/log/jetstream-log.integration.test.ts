import type { LogBatch, Position, StoredEvent } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { eventually } from '../../fixtures/eventually.ts'
import { all, fact, facts, numbersOf, ReadStage, stream, upTo } from '../../fixtures/read-stage.ts'
import { commitHeaderName } from '../wire/commit-header.ts'
import { headerBlock } from '../wire/encode-message.ts'
import { malformedType } from '../wire/malformed-event.ts'

const id = stream('a')
const text = 'x'.repeat(100_000)
const large = (count: number) => Array.from({ length: count }, (_, n) => fact(n, { data: { n, text } }))

/** Reads batches to the head. */
async function batches(
  { store: { log } }: ReadStage,
  options: object = {},
  from?: Position,
): Promise<readonly LogBatch<StoredEvent>[]> {
  const found: LogBatch<StoredEvent>[] = []
  for (let after = from ?? (await log.beginning()); ;) {
    const batch = await log.readBatch(after, options)
    if (batch.end.commit === after.commit) return found
    found.push(batch)
    after = batch.end
  }
}

const recordsOf = (found: readonly LogBatch<StoredEvent>[]): readonly StoredEvent[] =>
  found.flatMap(({ records }) => records)

test('who reads on from where a batch ended gets a consumer; it is closed when he stops', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 100)
  const { log } = stage.store
  const first = await log.readBatch(await log.beginning(), { maxRecords: 10 })
  expect(await stage.consumerNames()).toEqual([])
  const found = await batches(stage, { maxRecords: 10 }, first.end)
  expect(numbersOf([...first.records, ...recordsOf(found)])).toEqual(upTo(100))
  expect(found.map(({ records }) => records.length)).toEqual(upTo(9).map(() => 10))
  expect(await stage.consumerNames()).toHaveLength(1)
  await eventually(async () => (await stage.consumerNames()).length === 0)
  // Reading on is possible all the same.
  await stage.store.append(id, [fact(100)], { expectedVersion: 100 })
  expect(numbersOf(recordsOf(await batches(stage, {}, found.at(-1)?.end)))).toEqual([100])
})

test('many readers at many places each get what lies behind theirs', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 400)
  const { log } = stage.store
  const reader = async (start: number): Promise<void> => {
    const { generation } = await log.beginning()
    const from = { generation, commit: start, index: 0 }
    const found = recordsOf(await batches(stage, { maxRecords: 7 }, from))
    expect(numbersOf(found)).toEqual(upTo(400).slice(start))
  }
  await Promise.all(upTo(40).map(async (n) => await reader(n * 3)))
  expect((await stage.consumerNames()).length).toBeLessThanOrEqual(16)
  expect((await stage.consumerNames()).length).toBeGreaterThan(1)
}, 60_000)

test('a commit of several messages is never split, however it is read', async () => {
  await using stage = await ReadStage.open()
  for (let round = 0; round < 4; round++) {
    await stage.store.append(stream(`small-${round}`), facts(1), { expectedVersion: 0 })
    await stage.store.append(stream(`large-${round}`), large(25), { expectedVersion: 0 })
  }
  for (const maxRecords of [1, 2, 500]) {
    const found = await batches(stage, { maxRecords })
    const commits = found.map(({ records }) => new Set(records.map(({ position }) => position.commit)))
    expect(
      commits.every((ofBatch, n) => commits.slice(n + 1).every((later) => later.isDisjointFrom(ofBatch))),
    ).toBe(true)
    const records = recordsOf(found)
    expect(records.length).toBe(104)
    for (const { id: recordId, position } of [records[0], records[9], records[25]].filter(
      (r) => r !== undefined,
    ))
      expect((await stage.store.log.readAt(position))?.id).toBe(recordId)
  }
}, 60_000)

test('what is left of a commit whose other streams were closed is still a commit', async () => {
  await using stage = await ReadStage.open()
  const [a, b, c] = [stream('1'), stream('2'), stream('3')]
  const write = (streamId: typeof a) => ({ streamId, events: facts(2), expectedVersion: 0 })
  await stage.store.commit([write(a), write(b), write(c)])
  const [, , third] = await all(stage.store.readAll())
  await stage.store.tombstone(c, { expectedVersion: 2, reason: 'enough' })
  for (const maxRecords of [1, 500]) {
    const found = await batches(stage, { maxRecords })
    expect(recordsOf(found).map(({ streamId, version }) => [streamId, version])).toEqual([
      [a, 1],
      [a, 2],
      [b, 1],
      [b, 2],
      [c, 3],
    ])
  }
  if (third === undefined) throw new Error('six events were recorded')
  expect((await stage.store.log.readAt(third.position))?.id).toBe(third.id)
  // Of the commit's last message nothing is left that could tell how many there were.
  const rest = await all(stage.store.readAll({ after: third.position }))
  expect(rest.map(({ streamId, version }) => [streamId, version])).toEqual([
    [b, 2],
    [c, 3],
  ])
})

test('messages that nobody of us wrote are records that say so; the log goes on behind them', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 2)
  const foreign = await stage.publish(stage.subjects.stream(stream('x')), 'hello')
  const header = headerBlock(`${commitHeaderName}: 9 t 1\r\n`)
  await stage.publish(stage.subjects.stream(stream('y')), new Uint8Array([1, 2, 3]), header)
  await stage.publish(`${stage.name}.es.00.cart.wrong-bucket`, 'hello')
  await stage.store.append(id, [fact(2)], { expectedVersion: 2 })
  const records = recordsOf(await batches(stage))
  const types = ['counted', 'counted', malformedType, malformedType, malformedType, 'counted']
  expect(records.map(({ type }) => type)).toEqual(types)
  const [, , malformed] = records
  expect(malformed).toMatchObject({
    contentType: 'application/octet-stream',
    payload: new Uint8Array(Buffer.from('hello')),
    position: { commit: foreign, index: 0 },
  })
  expect((await all(stage.store.readAll())).map(({ type }) => type)).toEqual(types)
  expect((await all(stage.store.readAll({ direction: 'backwards' }))).map(({ id: of }) => of)).toEqual(
    records.map(({ id: of }) => of).toReversed(),
  )
  if (malformed === undefined) throw new Error('six messages were written')
  expect((await stage.store.log.readAt(malformed.position))?.id).toBe(malformed.id)
  expect(await stage.store.log.lag(await stage.store.log.beginning())).toMatchObject({ records: 6 })
})

test('a log that was put in the place of another is refused', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 2)
  const { log } = stage.store
  const head = await log.head()
  await stage.link.api(`STREAM.DELETE.${stage.name}`)
  await expect(log.head()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  const config = { name: stage.name, subjects: [`${stage.name}.>`], allow_direct: true }
  const metadata = { 'millrace.generation': 'other', 'millrace.format': '1' }
  await stage.link.api(`STREAM.CREATE.${stage.name}`, { ...config, metadata })
  await expect(log.head()).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED', actual: 'other' })
  await expect(log.readBatch({ ...head, generation: 'other' })).rejects.toMatchObject({
    code: 'ERR_LOG_REPLACED',
  })
})

test('a wait wakes at once with the first append, and many waits share one consumer', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  const { log } = stage.store
  const head = await log.head()
  const waits = Promise.all(upTo(20).map(async () => await log.waitForMore(head, { timeoutMs: 20_000 })))
  await eventually(async () => (await stage.consumerNames()).length > 0)
  expect(await stage.consumerNames()).toHaveLength(1)
  const started = performance.now()
  await stage.store.append(id, [fact(3)], { expectedVersion: 3 })
  expect(await waits).toEqual(upTo(20).map(() => true))
  expect(performance.now() - started).toBeLessThan(2_000)
  expect(await log.waitForMore(head, { timeoutMs: 1 })).toBe(true)
})

test('where no consumer may be opened, the log is read and waited on all the same', async () => {
  await using stage = await ReadStage.open({ maxConsumers: 1 })
  const config = { name: 'theirs', ack_policy: 'none', mem_storage: true }
  const request = { stream_name: stage.name, config, action: 'create' }
  await stage.link.api(`CONSUMER.CREATE.${stage.name}.theirs`, request)
  await stage.scatter(2_600)
  const { log } = stage.store
  expect(recordsOf(await batches(stage, { maxRecords: 100 })).length).toBe(2_600)
  expect((await all(stage.store.readAll())).length).toBe(2_600)
  const waiting = log.waitForMore(await log.head(), { timeoutMs: 20_000 })
  await stage.store.append(id, [fact(0)], { expectedVersion: 0 })
  expect(await waiting).toBe(true)
  expect(await log.waitForMore(await log.head(), { timeoutMs: 300 })).toBe(false)
  expect(await log.lag(await log.beginning())).toMatchObject({ records: 2_601 })
}, 60_000)

test('the lag counts events, not commits, near and far', async () => {
  await using stage = await ReadStage.open()
  for (let n = 0; n < 3; n++) await stage.store.append(stream(`n-${n}`), facts(4), { expectedVersion: 0 })
  const { log } = stage.store
  const beginning = await log.beginning()
  expect(await log.lag(beginning)).toMatchObject({ records: 12 })
  await stage.scatter(2_500)
  expect(await log.lag(beginning)).toMatchObject({ records: 2_512 })
  for (let n = 0; n < 30; n++)
    await stage.store.append(stream(`m-${n}`), facts(4_000), { expectedVersion: 0 })
  const far = await log.lag(beginning)
  expect(far.records).toBeGreaterThan(100_000)
  const [first] = await all(stage.store.readAll({ limit: 1 }))
  expect(far.oldest).toEqual(first?.recordedAt)
}, 60_000)

test('a time leads to the position before what was recorded from then on', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  await stage.store.commit([
    { streamId: stream('b'), events: facts(1), expectedVersion: 0 },
    { streamId: stream('c'), events: facts(1), expectedVersion: 0 },
  ])
  const { log } = stage.store
  const events = await all(stage.store.readAll())
  for (const event of events) {
    const after = await log.positionAt(event.recordedAt)
    // The messages of one commit may be a millisecond apart; the commit is read whole.
    const commits = new Set(
      events
        .filter(({ recordedAt }) => recordedAt >= event.recordedAt)
        .map(({ position }) => position.commit),
    )
    const expected = events.filter(({ position }) => commits.has(position.commit))
    const found = await all(stage.store.readAll({ after }))
    expect(found.map(({ id: of }) => of)).toEqual(expected.map(({ id: of }) => of))
    expect((await log.readBatch(after)).records).toHaveLength(expected.length)
  }
  expect(await log.positionAt(new Date(0))).toEqual(await log.beginning())
  expect(await log.positionAt(new Date(Date.now() + 60_000))).toEqual(await log.head())
  await expect(log.positionAt(new Date(NaN))).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
})

test('a store that is closed leaves no consumer', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 30)
  const store = await stage.reopen()
  const { log } = store
  const one = await log.readBatch(await log.beginning(), { maxRecords: 1 })
  await log.readBatch(one.end, { maxRecords: 1 })
  const waiting = log.waitForMore(await log.head(), { timeoutMs: 20_000 })
  await eventually(async () => (await stage.consumerNames()).length === 2)
  await store[Symbol.asyncDispose]()
  expect(await waiting).toBe(false)
  expect(await stage.consumerNames()).toEqual([])
})

/** Puts another stream of that name in the place of the store's, with so many messages of a store's form. */
async function replace(stage: ReadStage, count: number): Promise<void> {
  const { config } = await stage.link.api<{ readonly config: { readonly metadata: object } }>(
    `STREAM.INFO.${stage.name}`,
  )
  await stage.link.api(`STREAM.DELETE.${stage.name}`)
  const metadata = { ...config.metadata, 'millrace.generation': 'other' }
  await stage.link.api(`STREAM.CREATE.${stage.name}`, { ...config, metadata })
  for (let version = 1; version <= count; version++) await stage.writeRaw(stream('theirs'), { version })
}

test('a reader whose log is replaced under his consumer gets no record of the other', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 20)
  const { log } = stage.store
  let after = (await log.readBatch(await log.beginning(), { maxRecords: 5 })).end
  const readOn = async (): Promise<readonly StoredEvent[]> => {
    const { records, end } = await log.readBatch(after, { maxRecords: 500 })
    after = end
    return records
  }
  expect(numbersOf(await readOn())).toEqual(upTo(20).slice(5))
  expect(await stage.consumerNames()).toHaveLength(1)
  await replace(stage, 40)
  // The consumer may have noticed while there was no stream.
  const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code
  expect(['ERR_CONFIGURATION', 'ERR_LOG_REPLACED']).toContain(await readOn().catch(codeOf))
  await expect(readOn()).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED', actual: 'other' })
  // From then on the store knows.
  expect(() => stage.store.readAll()).toThrow(expect.objectContaining({ code: 'ERR_LOG_REPLACED' }) as Error)
  await expect(log.readAt({ ...after, commit: 1 })).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
  await eventually(async () => (await stage.consumerNames()).length === 0)
}, 60_000)

test('without a consumer, too, a read tells a replaced log', async () => {
  for (const read of ['readBatch', 'readAt', 'waitForMore'] as const) {
    await using stage = await ReadStage.open()
    await stage.fill(id, 3)
    const { log } = stage.store
    const at = { ...(await log.head()), commit: 2 }
    await replace(stage, 10)
    const reading =
      read === 'waitForMore' ? log.waitForMore({ ...at, commit: 30 }, { timeoutMs: 20_000 }) : log[read](at)
    await expect(reading).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED', actual: 'other' })
  }
}, 60_000)

test('a position behind the end of the log is one of another log; where it is read from anyway, nothing before it comes', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  const { log } = stage.store
  const behind = { ...(await log.head()), commit: 5 }
  await expect(log.readBatch(behind)).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
  const waiting = log.waitForMore(behind, { timeoutMs: 20_000 })
  await eventually(async () => (await stage.consumerNames()).length === 1)
  for (let n = 3; n < 7; n++) await stage.store.append(id, [fact(n)], { expectedVersion: n })
  expect(await waiting).toBe(true)
  expect(numbersOf((await log.readBatch(behind)).records)).toEqual([5, 6])
})

test('what a message says of others in its commit moves no reader over messages', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 2)
  await stage.writeRaw(stream('liar'), { version: 1, part: 1, of: 900 })
  const { log } = stage.store
  expect((await log.head()).commit).toBe(3)
  const one = await log.readBatch(await log.beginning(), { maxRecords: 1 })
  const found = await batches(stage, { maxRecords: 10 }, one.end)
  expect(found.at(-1)?.end.commit).toBe(3)
  await stage.fill(stream('b'), 3)
  expect(numbersOf((await log.readBatch(found.at(-1)?.end ?? one.end)).records)).toEqual([0, 1, 2])
  const impossible = [
    { version: 1, part: 1, of: 1_001 },
    { version: 1, part: 900, of: 900 },
  ]
  for (const [n, place] of impossible.entries()) await stage.writeRaw(stream(`impossible-${n}`), place)
  const types = recordsOf(await batches(stage)).map(({ type }) => type)
  expect(types.slice(-2)).toEqual([malformedType, malformedType])
}, 60_000)

test.each([
  ['a type that cannot be decoded', 'ce-type: counted', 'ce-type: %zz'],
  ['no type', 'ce-type: counted', 'ce-type: '],
  ['a time that is none', /ce-time: [^\r]+/, 'ce-time: x'],
  ['a content type that cannot be decoded', 'application/json', '%zz'],
  ['a schema version below the first', '\r\nce-type', '\r\nce-schemaversion: 0\r\nce-type'],
  ['metadata that is no JSON', '\r\nce-type', '\r\nce-custommetadata: {\r\nce-type'],
])('an event with %s is a malformed record of the log, and its stream is corrupt', async (_, from, to) => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 1)
  const streamId = stream('bad')
  const sound = await stage.writeRaw(stream('model'), { version: 1 })
  const { message } = await stage.link.api<{
    readonly message: { readonly hdrs: string; readonly data: string }
  }>(`STREAM.MSG.GET.${stage.name}`, { seq: sound })
  const headers = Buffer.from(message.hdrs, 'base64')
    .toString()
    .replace(/Nats-Msg-Id: [^\r]+\r\n/, '')
  const bad = headers.replace(from, to)
  expect(bad).not.toBe(headers)
  await stage.publish(stage.subjects.stream(streamId), Buffer.from(message.data, 'base64'), Buffer.from(bad))
  await stage.fill(stream('b'), 1)
  const records = recordsOf(await batches(stage))
  expect(records.map(({ type }) => type)).toEqual(['counted', 'counted', malformedType, 'counted'])
  expect(records[2]).toMatchObject({ streamId, position: { commit: sound + 1 } })
  expect((await all(stage.store.readAll())).map(({ type }) => type)).toEqual(records.map(({ type }) => type))
  await expect(all(stage.store.read(streamId))).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT' })
})

test('a stored message with a status line of its own is read like any other', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 1)
  const subject = stage.subjects.stream(stream('odd'))
  const statuses = ['404 Not Found', '204 EOB', '503', '408 Bad']
  for (const status of statuses)
    await stage.publish(subject, '', Buffer.from(`NATS/1.0 ${status}\r\nOdd: 1\r\n\r\n`))
  await stage.fill(stream('b'), 1)
  const types = recordsOf(await batches(stage)).map(({ type }) => type)
  expect(types).toEqual(['counted', ...statuses.map(() => malformedType), 'counted'])
  const { generation } = await stage.store.log.beginning()
  for (const [n] of statuses.entries())
    expect((await stage.store.log.readAt({ generation, commit: n + 2, index: 0 }))?.type).toBe(malformedType)
}, 60_000)

test('a store that is closed while a cursor opens leaves no failure that nobody sees', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 30)
  const unseen: unknown[] = []
  const note = (reason: unknown): void => void unseen.push(reason)
  process.on('unhandledRejection', note)
  try {
    for (let round = 0; round < 10; round++) {
      const store = await stage.reopen()
      const aborted = new AbortController()
      const waiting = store.log.waitForMore(await store.log.head(), {
        timeoutMs: 20_000,
        signal: aborted.signal,
      })
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve))
      aborted.abort()
      await store[Symbol.asyncDispose]()
      expect(await waiting).toBe(false)
    }
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
  }
  expect(unseen).toEqual([])
})

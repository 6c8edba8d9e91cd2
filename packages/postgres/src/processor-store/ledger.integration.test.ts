import type { ProcessorStore } from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { bury, delivery, granted, place, recordCopy, registered, result, to } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openProcessorStore } from './open-processor-store.ts'

const drivers = [
  ['a server', async (): Promise<SqlDatabase> => await openPg({ url: inject('servers').postgres })],
  ['PGlite', async (): Promise<SqlDatabase> => await openPglite('memory')],
] as const

describe.each(drivers)('the ledger on %s', (_name, openDatabase) => {
  let database: SqlDatabase
  let store: ProcessorStore
  const schema = freshSchema('ledger')

  beforeAll(async () => {
    database = await openDatabase()
    store = await openProcessorStore({ database, schema })
  })
  afterAll(async () => await database[Symbol.asyncDispose]())

  test('a dead letter that was removed does not come back when its record is handled again', async () => {
    const lease = await granted(store, await registered(store, 'removed'))
    const id = await bury(store, lease, { commit: 1 })
    expect(await store.deadLetters.remove(id, 'ada')).toBe(true)
    const again = to(2, { deliveries: [delivery('removed', 1)] })
    expect(await store.advance(lease, again)).toEqual({ started: [] })
    expect(await store.getDelivery(id)).toMatchObject({ state: 'dead', attempts: [{ number: 1 }] })
    expect((await store.listDeliveries({ processor: 'removed', state: 'dead' })).items).toHaveLength(1)
    expect(await store.status()).toContainEqual(
      expect.objectContaining({ processor: 'removed', deadLetters: 0 }),
    )
  })

  test('what the history forgot is still not opened again, but a record that was parked is handled', async () => {
    const lease = await granted(store, await registered(store, 'forgetful'))
    const record = { recordId: 'r1', position: place(1), reason: 'broken', record: recordCopy() }
    await store.advance(lease, to(2, { deliveries: [delivery('forgetful', 2)], parked: [record] }))
    const done = result(delivery('forgetful', 2).id, { kind: 'delivered' })
    await store.settle(lease, { finished: [done], starting: [] })
    await age(40)
    await database.query(`select ${schema}.maintain_delivery_history(30)`)
    expect(await store.getDelivery(delivery('forgetful', 2).id)).toBeUndefined()
    const wanted = [delivery('forgetful', 1), delivery('forgetful', 2)]
    const again = await store.advance(lease, to(3, { deliveries: wanted, unparked: ['r1'] }))
    expect(again).toEqual({ started: [delivery('forgetful', 1).id] })
  })

  /** Moves the whole history back by days, into the partition that takes what has none. */
  async function age(days: number): Promise<void> {
    await database.execute(
      `update ${schema}.delivery_history set ended_at = ended_at - $1 * interval '1 day'`,
      [days],
    )
  }

  test("a dead letter's copy of its record survives a retry that brings no new one", async () => {
    const lease = await granted(store, await registered(store, 'copied'), { ttlMs: 60_000 })
    const id = await bury(store, lease, { commit: 1, record: recordCopy('kept\0\ud800') })
    await store.deadLetters.retry(id, 'ada')
    await store.settle(lease, { finished: [], starting: [id] })
    const gone = { kind: 'dead', reason: 'its record is gone', record: undefined } as const
    await store.settle(lease, { finished: [result(id, gone, 2)], starting: [] })
    expect(await store.deadLetters.get(id)).toMatchObject({
      reason: 'its record is gone',
      record: recordCopy('kept\0\ud800'),
    })
  })

  test('texts are kept to 500 characters that SQL can hold', async () => {
    const lease = await granted(store, await registered(store, 'wordy'))
    const parked = { recordId: 'r9', position: place(1), reason: 'x'.repeat(900), record: recordCopy() }
    await store.advance(lease, to(1, { deliveries: [delivery('wordy', 1)], parked: [parked] }))
    const failed = result(delivery('wordy', 1).id, { kind: 'retry', delayMs: 0 })
    const attempt = { ...failed.attempt, error: `\0\ud800${'y'.repeat(900)}` }
    await store.settle(lease, { finished: [{ ...failed, attempt }], starting: [] })
    await store.reportError(lease, 'z'.repeat(900))
    expect((await store.deadLetters.get('r9:wordy'))?.reason).toBe('x'.repeat(500))
    const { attempts } = (await store.getDelivery(failed.deliveryId)) ?? { attempts: [] }
    expect(attempts[0]?.error).toBe(`\u{fffd}\u{fffd}${'y'.repeat(498)}`)
    const status = (await store.status()).find(({ processor }) => processor === 'wordy')
    expect(status?.lastError).toBe('z'.repeat(500))
  })

  test('a page of dead letters ends before it holds too many bytes, and the next goes on', async () => {
    const lease = await granted(store, await registered(store, 'heavy'))
    const bytes = new Uint8Array(2_500_000).map(() => Math.random() * 256)
    for (const commit of [1, 2, 3, 4]) await bury(store, lease, { commit, record: recordCopy(bytes) })
    const first = await store.deadLetters.list({ processor: 'heavy' })
    expect(first.items.length).toBeGreaterThan(0)
    expect(first.items.length).toBeLessThan(4)
    const rest = await store.deadLetters.list({ processor: 'heavy', cursor: first.next ?? '' })
    const ids = [...first.items, ...rest.items].map(({ recordId }) => recordId)
    expect(ids).toEqual(['r1', 'r2', 'r3', 'r4'])
    expect(rest.next).toBeUndefined()
  })

  test('a record that is parked twice by one advance is parked once, as it was given last', async () => {
    const lease = await granted(store, await registered(store, 'twice'))
    const record = { recordId: 'r1', position: place(1), reason: 'first', record: recordCopy() }
    await store.advance(lease, to(1, { parked: [record, { ...record, reason: 'last' }] }))
    const { items } = await store.deadLetters.list({ processor: 'twice' })
    expect(items).toMatchObject([{ recordId: 'r1', reason: 'last', tries: 1 }])
  })

  test('a record that is parked again keeps its place, with the new reason and another try', async () => {
    const lease = await granted(store, await registered(store, 'parking'))
    const record = { recordId: 'r1', position: place(1), reason: 'first', record: recordCopy('one') }
    await store.advance(lease, to(1, { parked: [record] }))
    await store.deadLetters.retry('r1:parking', 'ada')
    await store.advance(
      lease,
      to(2, { parked: [{ ...record, reason: 'second', record: recordCopy('two') }] }),
    )
    const found = await store.deadLetters.get('r1:parking')
    expect(found).toMatchObject({
      reason: 'second',
      tries: 2,
      retryRequested: false,
      record: { payload: 'two' },
    })
  })

  test('a retry of a parked record that was asked for twice is noted once', async () => {
    const lease = await granted(store, await registered(store, 'eager'))
    const record = { recordId: 'r1', position: place(1), reason: 'first', record: recordCopy() }
    await store.advance(lease, to(1, { parked: [record] }))
    const asked = await Promise.all(
      ['ada', 'bob'].map(async (by) => await store.deadLetters.retry('r1:eager', by)),
    )
    expect(asked).toEqual([true, true])
    expect((await store.deadLetters.get('r1:eager'))?.history).toHaveLength(1)
    expect((await store.requests()).find(({ processor }) => processor === 'eager')?.retries).toBe(1)
  })

  test('an unknown attempt counts as one', async () => {
    const lease = await granted(store, await registered(store, 'counted'))
    await store.advance(lease, to(1, { deliveries: [delivery('counted', 1, { maxAttempts: 3 })] }))
    const heir = await granted(store, 'counted')
    await store.recover(heir, { deadLetterActions: ['other'] })
    const { id } = delivery('counted', 1)
    expect(await store.getDelivery(id)).toMatchObject({ state: 'unknown', attemptsLeft: 2 })
    await store.settle(heir, { finished: [], starting: [id] })
    expect(await store.getDelivery(id)).toMatchObject({ state: 'retrying', inFlight: true, attemptsLeft: 1 })
  })

  test('who paused a processor is kept', async () => {
    await registered(store, 'quiet')
    await store.setPaused('quiet', { paused: true, by: 'ada' })
    await store.setPaused('quiet', { paused: false, by: 'bob' })
    const kept = await database.query(
      `select action, operator from ${schema}.operator_actions where subject = 'quiet' order by seq`,
    )
    expect(kept).toEqual([
      { action: 'pause', operator: 'ada' },
      { action: 'resume', operator: 'bob' },
    ])
  })

  test.each([
    ['a processor name with a colon', async () => await registered(store, 'a:b')],
    ['an empty processor name', async () => await registered(store, ' ')],
    [
      'a partition count beyond the buckets',
      async () => await store.register(registration({ partitions: 65 })),
    ],
    ['a log without a name', async () => await store.register(registration({ log: '' }))],
    ['an owner without a name', async () => await granted(store, 'quiet', { owner: '' })],
    ['a lease that never was', async () => await granted(store, 'quiet', { ttlMs: Number.NaN })],
    ['an operator without a name', async () => await store.deadLetters.retry('x', '')],
    ['no actions', async () => await store.due(await granted(store, 'quiet'), { limit: 1, actions: [] })],
    ['a delivery key with U+0000', async () => await odd({ key: 'a\0b' })],
    ['a delivery without attempts', async () => await odd({ maxAttempts: 0 })],
    ['a delay that is no time', async () => await settleWith(Number.NaN)],
  ])('%s is refused before anything is written', async (_what, refused) => {
    await registered(store, 'quiet')
    await expect(refused()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
  })

  function registration(part: object): Parameters<ProcessorStore['register']>[0] {
    return { processor: 'quiet', partitions: 1, log: 'test', start: place(0), ...part }
  }

  async function odd(part: object): Promise<unknown> {
    return await store.advance(
      await granted(store, 'quiet'),
      to(1, { deliveries: [delivery('quiet', 1, part)] }),
    )
  }

  async function settleWith(delayMs: number): Promise<void> {
    const finished = [result('x', { kind: 'retry', delayMs })]
    await store.settle(await granted(store, 'quiet'), { finished, starting: [] })
  }

  test("a delivery of another log's record is refused", async () => {
    const lease = await granted(store, await registered(store, 'quiet'))
    const foreign = delivery('quiet', 1, { position: { ...place(1), generation: 'another' } })
    const advancing = store.advance(lease, to(1, { deliveries: [foreign] }))
    await expect(advancing).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
    expect(await store.getDelivery(foreign.id)).toBeUndefined()
  })

  test('a partition nobody registered cannot be acquired', async () => {
    await registered(store, 'quiet')
    const asking = store.acquire({ processor: 'quiet', partition: 1 }, { owner: 'me', ttlMs: 1 })
    await expect(asking).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })
})

import { FencedError, setFailpointHandler } from '@millrace/contracts'
import type { ProcessorStore } from '@millrace/contracts'
import { expect, inject, onTestFinished, test, vi } from 'vitest'

import { delivery, granted, place, registered, result, to } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { openProcessorStore } from './open-processor-store.ts'

const schema = freshSchema('fencing')

async function twoMembers(): Promise<[ProcessorStore, ProcessorStore]> {
  const open = async (): Promise<ProcessorStore> => {
    const database = await openPg({ url: inject('servers').postgres, poolSize: 2 })
    onTestFinished(async () => await database[Symbol.asyncDispose]())
    return await openProcessorStore({ database, schema })
  }
  return await Promise.all([open(), open()])
}

/** How many statements on a table of this test wait for somebody's lock. */
async function waitingFor(table: string): Promise<number> {
  await using database = await openPg({ url: inject('servers').postgres, poolSize: 1 })
  const waiting = await database.query(
    `select pid from pg_stat_activity where wait_event_type = 'Lock' and position($1 in query) > 0`,
    [`${schema}.${table}`],
  )
  return waiting.length
}

/** Holds every transaction that reaches the failpoint until the returned function is called. */
function holdAt(failpoint: string): { readonly reached: Promise<void>; readonly letGo: () => void } {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  setFailpointHandler((name) => {
    if (name !== failpoint) return undefined
    reached.resolve()
    return gate.promise
  })
  onTestFinished(() => setFailpointHandler(undefined))
  return { reached: reached.promise, letGo: gate.resolve }
}

test('a takeover waits for a write in hand and inherits its checkpoint', async () => {
  const [first, second] = await twoMembers()
  const processor = await registered(first, 'inherited')
  const stale = await granted(first, processor, { owner: 'first', ttlMs: 1 })
  const { reached, letGo } = holdAt('advance:before-commit')
  const advancing = first.advance(stale, to(5))
  await reached
  const taking = granted(second, processor, { owner: 'second' })
  await vi.waitFor(async () => expect(await waitingFor('processor_partitions')).toBe(1), { timeout: 10_000 })
  letGo()
  await advancing
  const lease = await taking
  expect([lease.epoch, lease.checkpoint]).toEqual([stale.epoch + 1, place(5)])
})

test('a takeover behind an owner that froze inside a transaction waits no longer than the server keeps that', async () => {
  const [second] = await twoMembers()
  await using database = await openPg({
    url: inject('servers').postgres,
    poolSize: 1,
    idleInTransactionTimeoutMs: 500,
  })
  const first = await openProcessorStore({ database, schema })
  const stale = await granted(first, await registered(first, 'frozen'), { owner: 'first', ttlMs: 1 })
  const { reached, letGo } = holdAt('advance:before-commit')
  const advancing = first.advance(stale, to(5)).catch((error: unknown) => error)
  await reached
  const lease = await granted(second, 'frozen', { owner: 'second' })
  letGo()
  expect(await advancing).toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  expect([lease.epoch, lease.checkpoint]).toEqual([stale.epoch + 1, place(0)])
  expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
}, 15_000)

test('of two members that advance and take over again and again, no commit is handled twice', async () => {
  const members = await twoMembers()
  const processor = await registered(members[0], 'raced')
  let fencedOnce = 0
  const opened: string[] = []
  const run = async (index: 0 | 1): Promise<void> => {
    const store = members[index]
    for (let round = 0; round < 60; round++) {
      const attempt = await store.acquire({ processor, partition: 0 }, { owner: `member-${index}`, ttlMs: 1 })
      if (attempt.kind !== 'granted') continue
      const commit = attempt.lease.checkpoint.commit + 1
      const wanted = delivery(processor, commit)
      try {
        const { started } = await store.advance(attempt.lease, to(commit, { deliveries: [wanted] }))
        opened.push(...started)
        await store.settle(attempt.lease, {
          finished: [result(wanted.id, { kind: 'delivered' })],
          starting: [],
        })
      } catch (error) {
        if (!(error instanceof FencedError)) throw error
        fencedOnce++
      }
    }
  }
  await Promise.all([run(0), run(1)])
  const status = (await members[0].status()).find((each) => each.processor === processor)
  expect(new Set(opened).size).toBe(opened.length)
  expect(status).toMatchObject({ checkpoint: { commit: opened.length }, recordsHandled: opened.length })
  // The race is real: the fence refused at least one of them.
  expect(fencedOnce).toBeGreaterThan(0)
})

async function ownerOf(store: ProcessorStore, processor: string): Promise<string | undefined> {
  return (await store.status()).find((each) => each.processor === processor)?.owner
}

test('of two takers of an expired lease one gets it, under one new epoch', async () => {
  const [first, second] = await twoMembers()
  const processor = await registered(first, 'taken')
  let { epoch } = await granted(first, processor, { ttlMs: 1 })
  for (let round = 0; round < 20; round++) {
    await vi.waitFor(async () => expect(await ownerOf(first, processor)).toBeUndefined(), { interval: 5 })
    const ask = [first, second].map(
      async (store, index) =>
        await store.acquire({ processor, partition: 0 }, { owner: `taker-${index}`, ttlMs: 60_000 }),
    )
    const attempts = await Promise.all(ask)
    const won = attempts.flatMap((attempt) => (attempt.kind === 'granted' ? [attempt.lease] : []))
    expect(won.map((lease) => lease.epoch)).toEqual([epoch + 1])
    for (const lease of won) {
      await first.renew(lease, 1)
      epoch = lease.epoch
    }
  }
})

test('the same owner that asks again gets a new epoch, and its earlier self is fenced', async () => {
  const [store] = await twoMembers()
  const processor = await registered(store, 'again')
  const before = await granted(store, processor, { owner: 'me' })
  const after = await granted(store, processor, { owner: 'me' })
  expect(after.epoch).toBe(before.epoch + 1)
  await expect(store.advance(before, to(1))).rejects.toMatchObject({
    epoch: before.epoch,
    currentEpoch: after.epoch,
  })
})

import type { Lease, ProcessorStore } from '@millrace/contracts'
import { setFailpointHandler } from '@millrace/contracts'
import { describe, expect, inject, onTestFinished, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { granted, place, recordCopy, to } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openProcessorStore } from './open-processor-store.ts'
import { pruneProcessors } from './prune-processors.ts'

const partitions = 64

async function leases(store: ProcessorStore, processor: string): Promise<readonly Lease[]> {
  await store.register({ processor, partitions, log: 'log', start: place(0) })
  const all = Array.from({ length: partitions }, async (_, partition) => {
    const asked = await store.acquire({ processor, partition }, { owner: 'one', ttlMs: 60_000 })
    if (asked.kind !== 'granted') throw new Error(`partition ${partition} is ${asked.kind}`)
    return asked.lease
  })
  return await Promise.all(all)
}

async function checkpoints(store: ProcessorStore, processor: string): Promise<readonly number[]> {
  return (await store.status())
    .filter((status) => status.processor === processor)
    .toSorted((a, b) => a.partition - b.partition)
    .map(({ checkpoint }) => checkpoint.commit)
}

/** Transactions that were committed with a checkpoint in them. */
function countCommits(): () => number {
  let commits = 0
  setFailpointHandler((name) => void (name === 'advance:after-commit' && (commits += 1)))
  onTestFinished(() => setFailpointHandler(undefined))
  return () => commits
}

describe.for(drivers)('checkpoints saved together on %s', ([, open]) => {
  async function opened(): Promise<{ store: ProcessorStore; database: SqlDatabase; schema: string }> {
    const [database, schema] = [await open(), freshSchema('batch')]
    onTestFinished(async () => await database[Symbol.asyncDispose]())
    return { database, schema, store: await openProcessorStore({ database, schema }) }
  }

  test('all move, in a few transactions', async () => {
    const { store } = await opened()
    const held = await leases(store, 'together')
    const commits = countCommits()
    await Promise.all(held.map(async (lease, n) => await store.advance(lease, to(n + 1))))
    expect(await checkpoints(store, 'together')).toEqual(held.map((_, n) => n + 1))
    expect(commits()).toBe(1)
    const counted = (await store.status()).map(({ recordsHandled }) => recordsHandled)
    expect(new Set(counted)).toEqual(new Set([to(1).records]))
  })

  test('two of one partition move one after the other, and one that was saved before writes nothing', async () => {
    const { store } = await opened()
    const [lease, other] = await leases(store, 'twice')
    if (lease === undefined || other === undefined) throw new Error('two partitions at least')
    await Promise.all([2, 1, 3, 3].map(async (commit) => await store.advance(lease, to(commit))))
    await Promise.all([store.advance(lease, to(3)), store.advance(other, to(1))])
    const [first, second] = await store.status()
    expect([first?.checkpoint.commit, second?.checkpoint.commit]).toEqual([3, 1])
    // 2 and 3 moved it; 1 and the repeats did not.
    expect(first?.recordsHandled).toBe(2 * to(1).records)
  })

  test('a lease that has passed is refused, and the others are saved', async () => {
    const { store } = await opened()
    const held = await leases(store, 'fenced')
    const [late] = held
    if (late === undefined) throw new Error('a partition at least')
    await store.release(late)
    const heir = await granted(store, 'fenced', { owner: 'heir' })
    const outcomes = await Promise.allSettled(held.map(async (lease) => await store.advance(lease, to(7))))
    const [refused, ...saved] = outcomes
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { code: 'ERR_FENCED', epoch: late.epoch, currentEpoch: heir.epoch },
    })
    expect(new Set(saved.map(({ status }) => status))).toEqual(new Set(['fulfilled']))
    expect(await checkpoints(store, 'fenced')).toEqual([0, ...saved.map(() => 7)])
  })

  test('a checkpoint of another log is refused, and the others are saved', async () => {
    const { store } = await opened()
    const [wrong, right] = await leases(store, 'other_log')
    if (wrong === undefined || right === undefined) throw new Error('two partitions at least')
    const stray = { ...to(7), checkpoint: { ...place(7), generation: 'another' } }
    const [refused, saved] = await Promise.allSettled([
      store.advance(wrong, stray),
      store.advance(right, to(7)),
    ])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'ERR_LOG_REPLACED' } })
    expect(saved.status).toBe('fulfilled')
    expect((await checkpoints(store, 'other_log')).slice(0, 2)).toEqual([0, 7])
  })

  test('a rollback leaves every checkpoint as it was, and a repeat saves them', async () => {
    const { store } = await opened()
    const held = await leases(store, 'rolled_back')
    setFailpointHandler((name) => {
      if (name === 'advance:before-commit') throw new Error('rolled back')
    })
    onTestFinished(() => setFailpointHandler(undefined))
    const failed = await Promise.allSettled(held.map(async (lease) => await store.advance(lease, to(5))))
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(new Set(await checkpoints(store, 'rolled_back'))).toEqual(new Set([0]))
    setFailpointHandler(undefined)
    await Promise.all(held.map(async (lease) => await store.advance(lease, to(5))))
    expect(new Set(await checkpoints(store, 'rolled_back'))).toEqual(new Set([5]))
  })

  test('checkpoints nobody uses any more are pruned, with nothing that something depends on', async () => {
    const { store, database, schema } = await opened()
    const start = place(0)
    for (const processor of ['old', 'parks', 'new'])
      await store.register({ processor, partitions: 2, log: 'log', start })
    const lease = await granted(store, 'parks', { owner: 'one', ttlMs: 1 })
    const record = { recordId: 'r', position: place(1), reason: 'no', record: recordCopy() }
    await store.advance(lease, { ...to(1), parked: [record] })
    await database.execute(
      `update ${schema}.processor_partitions set updated_at = now() - interval '31 days',
         lease_until = lease_until - interval '31 days' where processor <> 'new'`,
    )
    const prune = { schema, unusedForDays: 30 }
    const names = async (options: object = {}): Promise<readonly string[]> =>
      (await pruneProcessors(database, { ...prune, ...options })).map(({ processor }) => processor)
    expect(await names({ dryRun: true })).toEqual(['old'])
    expect(await names()).toEqual(['old'])
    expect(await names()).toEqual([])
    expect(new Set((await store.status()).map(({ processor }) => processor))).toEqual(
      new Set(['parks', 'new']),
    )
    // It may come back, and begins anew.
    await store.register({ processor: 'old', partitions: 1, log: 'log', start })
    await expect(pruneProcessors(database, { schema, unusedForDays: 0 })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'options.unusedForDays',
    })
  })
})

test('a partition somebody else is at is waited for alone', async () => {
  const [url, schema] = [inject('servers').postgres, freshSchema('busy')]
  await using database = await openPg({ url })
  const store = await openProcessorStore({ database, schema })
  const held = await leases(store, 'busy')
  const [first] = held
  if (first === undefined) throw new Error('a partition at least')
  const gate = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const blocking = database.transaction(async (tx) => {
    await tx.query(`select from ${schema}.processor_partitions where partition = 0 for update`)
    locked.resolve()
    await gate.promise
  })
  await locked.promise
  const saves = held.map(async (lease) => await store.advance(lease, to(9)))
  await Promise.all(saves.slice(1))
  expect(await checkpoints(store, 'busy')).toEqual([0, ...held.slice(1).map(() => 9)])
  gate.resolve()
  await Promise.all([blocking, ...saves])
  expect(await checkpoints(store, 'busy')).toEqual(held.map(() => 9))
})

test('a connection lost while checkpoints are saved leaves them intact', async () => {
  const [url, schema] = [inject('servers').postgres, freshSchema('lost')]
  await using admin = await openPg({ url, poolSize: 1 })
  await using database = await openPg({ url, poolSize: 2 })
  const store = await openProcessorStore({ database, schema })
  const held = await leases(store, 'lost')
  setFailpointHandler(async (name) => {
    if (name !== 'advance:before-commit') return
    setFailpointHandler(undefined)
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid <> pg_backend_pid() and state = 'idle in transaction' and query like '%${schema}%'`,
    )
  })
  onTestFinished(() => setFailpointHandler(undefined))
  const lost = await Promise.allSettled(held.map(async (lease) => await store.advance(lease, to(3))))
  for (const outcome of lost)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CONNECTION', retryable: true } })
  expect(new Set(await checkpoints(store, 'lost'))).toEqual(new Set([0]))
  await Promise.all(held.map(async (lease) => await store.advance(lease, to(3))))
  expect(new Set(await checkpoints(store, 'lost'))).toEqual(new Set([3]))
})

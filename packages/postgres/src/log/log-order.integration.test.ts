import { deepStrictEqual } from 'node:assert'

import { followLog } from '@millrace/contracts'
import type { EventStore, Position, ReadAllOptions, StoredEvent } from '@millrace/contracts'
import { expect, inject, test, vi } from 'vitest'

import { collect } from '../../fixtures/collect.ts'
import { freshStream, RawWriter } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'

/** A log of its own, writers on raw connections, and what a reader has seen of it. */
class Scene implements AsyncDisposable {
  readonly database: SqlDatabase
  readonly store: EventStore
  readonly schema: string
  readonly #stack: AsyncDisposableStack
  seen: StoredEvent[] = []
  #at: Position | undefined

  private constructor(
    stack: AsyncDisposableStack,
    parts: { database: SqlDatabase; store: EventStore; schema: string },
  ) {
    this.#stack = stack
    this.database = parts.database
    this.store = parts.store
    this.schema = parts.schema
  }

  static async open(): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const schema = freshSchema('order')
    const database = stack.use(await openPg({ url: inject('servers').postgres }))
    const store = stack.use(await openPostgresStore({ database, schema }))
    return new Scene(stack, { database, store, schema })
  }

  async writer(): Promise<RawWriter> {
    return this.#stack.use(await RawWriter.open(inject('servers').postgres, this.schema))
  }

  /** The sequence numbers a reader has got so far, in the order it got them. */
  async read(): Promise<number[]> {
    const { records, end } = await this.store.log.readBatch(this.#at ?? (await this.store.log.beginning()))
    this.#at = end
    this.seen.push(...records)
    return this.seen.map(({ position }) => position.commit)
  }

  async eventually(expected: readonly number[]): Promise<void> {
    const seen = async (): Promise<void> => {
      deepStrictEqual(await this.read(), expected)
    }
    await vi.waitFor(seen, { timeout: 15_000, interval: 20 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

test('a commit with an early transaction id and a late number comes after those before it', async () => {
  await using scene = await Scene.open()
  const [early, late] = [await scene.writer(), await scene.writer()]
  await early.begin()
  const earlyId = await early.takeTransactionId()
  await late.begin()
  expect(await late.takeTransactionId()).toBeGreaterThan(earlyId)
  expect(await late.append(freshStream())).toBe(1)
  await late.commit()
  expect(await scene.read()).toEqual([1])
  expect(await early.append(freshStream())).toBe(2)
  await early.commit()
  expect(await scene.read()).toEqual([1, 2])
})

test('a read over all streams ends before a number that may still be committed, in both directions', async () => {
  await using scene = await Scene.open()
  const [held, quick] = [await scene.writer(), await scene.writer()]
  const readAll = async (options: ReadAllOptions = {}): Promise<number[]> =>
    (await collect(scene.store.readAll(options))).map(({ position }) => position.commit)
  expect(await quick.append(freshStream())).toBe(1)
  await held.begin()
  expect(await held.append(freshStream())).toBe(2)
  expect(await quick.append(freshStream())).toBe(3)
  expect(await readAll()).toEqual([1])
  expect(await readAll({ direction: 'backwards' })).toEqual([1])
  const head = await scene.store.log.head()
  const later = readAll({ after: head, atLeast: { ...head, commit: 3 } })
  await held.commit()
  expect(await later).toEqual([2, 3])
  expect(await readAll({ direction: 'backwards' })).toEqual([3, 2, 1])
})

test('a commit with a late transaction id and an early number is waited for, also when nothing later has ended', async () => {
  await using scene = await Scene.open()
  const [early, late] = [await scene.writer(), await scene.writer()]
  await early.begin()
  await early.takeTransactionId()
  await late.begin()
  expect(await late.append(freshStream())).toBe(1)
  expect(await early.append(freshStream())).toBe(2)
  // The highest transaction that has ended is now below the one that holds number 1.
  await early.commit()
  for (let i = 0; i < 5; i++) expect(await scene.read()).toEqual([])
  expect(await scene.store.log.head()).toMatchObject({ commit: 0 })
  await late.commit()
  await scene.eventually([1, 2])
})

test('a hole is not passed while its transaction runs, however many others end', async () => {
  await using scene = await Scene.open()
  const [slow, quick] = [await scene.writer(), await scene.writer()]
  await quick.append(freshStream())
  await slow.begin()
  expect(await slow.append(freshStream())).toBe(2)
  for (let i = 0; i < 20; i++) {
    await quick.append(freshStream())
    await quick.takeTransactionId()
    expect(await scene.read()).toEqual([1])
  }
  expect(await scene.store.log.head()).toMatchObject({ commit: 1 })
  const position = await scene.store.log.head()
  expect(await scene.store.log.waitForMore(position, { timeoutMs: 30 })).toBe(false)
  await slow.commit()
  await scene.eventually(Array.from({ length: 22 }, (_, i) => i + 1))
})

test('events of one stream come in their order though their transaction ids are the other way round', async () => {
  await using scene = await Scene.open()
  const stream = freshStream()
  const [early, late] = [await scene.writer(), await scene.writer()]
  await early.begin()
  await early.takeTransactionId()
  await late.append(stream)
  await early.append(stream)
  await early.commit()
  await scene.read()
  expect(scene.seen.map(({ version }) => version)).toEqual([1, 2])
})

test('a number is drawn by the append that holds its stream, not by one that waits for it', async () => {
  await using scene = await Scene.open()
  const stream = freshStream()
  const [first, second, observer] = [await scene.writer(), await scene.writer(), await scene.writer()]
  const drawn = async (): Promise<unknown> =>
    (await observer.client.query(`select last_value from ${scene.schema}.commit_seq`)).rows[0]
  await first.begin()
  await first.append(stream)
  const { rows: pids } = await second.client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const blocked = second.append(stream)
  const waits = 'select count(*)::int as waits from pg_locks where pid = $1 and not granted'
  await vi.waitFor(async () =>
    expect((await observer.client.query(waits, [pids[0]?.pid])).rows).toEqual([{ waits: 1 }]),
  )
  expect(await drawn()).toEqual({ last_value: '1' })
  await first.commit()
  expect(await blocked).toBe(2)
})

test('a number drawn before its transaction has an id is what readers could not wait for', async () => {
  await using scene = await Scene.open()
  const [wrong, other] = [await scene.writer(), await scene.writer()]
  // Every 32nd number is written ahead, which takes a transaction id by itself; this one is not.
  await other.append(freshStream())
  await wrong.begin()
  await wrong.client.query(`select nextval('${scene.schema}.commit_seq')`)
  await other.append(freshStream())
  // No transaction with an id runs, so nothing tells the number apart from one that was rolled back.
  await scene.eventually([1, 3])
  await wrong.rollback()
})

test('a hole that was rolled back is passed', async () => {
  await using scene = await Scene.open()
  const [failing, other] = [await scene.writer(), await scene.writer()]
  await failing.begin()
  await failing.append(freshStream())
  await other.append(freshStream())
  expect(await scene.read()).toEqual([])
  await failing.rollback()
  await scene.eventually([2])
  expect(await scene.store.log.head()).toMatchObject({ commit: 2 })
})

test('a long write transaction of somebody else does not delay a log without holes', async () => {
  await using scene = await Scene.open()
  const [long, writer] = [await scene.writer(), await scene.writer()]
  await long.client.query(`create table ${scene.schema}.unrelated (n int)`)
  await long.begin()
  await long.client.query(`insert into ${scene.schema}.unrelated values (1)`)
  for (let n = 1; n <= 30; n++) {
    await writer.append(freshStream())
    expect(await scene.read()).toEqual(Array.from({ length: n }, (_, i) => i + 1))
    expect(await scene.store.log.head()).toMatchObject({ commit: n })
  }
  await long.rollback()
})

test('a hole waits for a long write transaction of somebody else, and is passed when that has ended', async () => {
  await using scene = await Scene.open()
  const [long, failing, writer] = [await scene.writer(), await scene.writer(), await scene.writer()]
  await long.begin()
  await long.takeTransactionId()
  await failing.begin()
  await failing.append(freshStream())
  await failing.rollback()
  await writer.append(freshStream())
  for (let i = 0; i < 5; i++) expect(await scene.read()).toEqual([])
  await long.commit()
  await scene.eventually([2])
})

test('several holes among many commits are passed at once, and a new reader starts beyond them', async () => {
  await using scene = await Scene.open()
  const writer = await scene.writer()
  const expected: number[] = []
  for (let n = 1; n <= 12; n++) {
    await writer.begin()
    await writer.append(freshStream())
    if (n % 3 === 0) {
      await writer.rollback()
    } else {
      await writer.commit()
      expected.push(n)
    }
  }
  await scene.eventually(expected)
  await using fresh = await openPostgresStore({ database: scene.database, schema: scene.schema })
  await vi.waitFor(async () => expect(await fresh.log.head()).toMatchObject({ commit: 11 }), {
    timeout: 15_000,
  })
})

test('a follower woken by a commit above a hole waits on, and gets both when the hole closes', async () => {
  await using scene = await Scene.open()
  const [slow, quick] = [await scene.writer(), await scene.writer()]
  const controller = new AbortController()
  const followed: number[] = []
  const following = (async () => {
    const after = await scene.store.log.beginning()
    for await (const { records } of followLog(scene.store.log, { after, signal: controller.signal }))
      followed.push(...records.map(({ position }) => position.commit))
  })()
  await slow.begin()
  await slow.append(freshStream())
  await quick.append(freshStream())
  await scene.store.append(freshStream(), [{ type: 'appended', data: {} }], { expectedVersion: 'any' })
  expect(followed).toEqual([])
  await slow.commit()
  await vi.waitFor(() => expect(followed).toEqual([1, 2, 3]), { timeout: 15_000 })
  controller.abort()
  await following
})

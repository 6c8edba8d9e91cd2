import { deepStrictEqual } from 'node:assert'

import { followLog } from '@millrace/contracts'
import type { EventLog, Position, StoredEvent } from '@millrace/contracts'
import pg from 'pg'
import { expect, inject, test, vi } from 'vitest'

import { Scene } from '../../fixtures/captured.ts'
import { Child } from '../../fixtures/child.ts'
import { openPg } from '../sql/pg-database.ts'
import { openChangeLog } from './open-change-log.ts'

const url = (): string => inject('servers').postgres
const notes = 'create table :s.notes (id int primary key, n int); create table :s.unrelated (n int);'

/** A captured table, writers whose transactions a test opens and ends, and what a reader has seen. */
class Writing implements AsyncDisposable {
  readonly scene: Scene
  readonly log: EventLog<StoredEvent>
  readonly #stack: AsyncDisposableStack
  readonly #seen: string[] = []
  #at: Position | undefined

  private constructor(stack: AsyncDisposableStack, scene: Scene, log: EventLog<StoredEvent>) {
    this.#stack = stack
    this.scene = scene
    this.log = log
  }

  static async open(): Promise<Writing> {
    const stack = new AsyncDisposableStack()
    const scene = stack.use(await Scene.open(stack.use(await openPg({ url: url() })), notes))
    await scene.capture('notes')
    return new Writing(stack, scene, await scene.log())
  }

  async writer(): Promise<(sql: string) => Promise<unknown>> {
    const client = new pg.Client(url())
    await client.connect()
    this.#stack.defer(() => client.end())
    return async (sql) => await client.query(this.scene.sql(sql))
  }

  /** What the reader has seen so far. */
  async read(): Promise<readonly string[]> {
    for (;;) {
      const { records, end } = await this.log.readBatch(this.#at ?? (await this.log.beginning()))
      this.#seen.push(...records.map(({ type, streamId }) => `${type.slice(6)} ${streamId.slice(6)}`))
      if (this.#at?.commit === end.commit) return this.#seen
      this.#at = end
    }
  }

  async eventually(expected: readonly string[]): Promise<void> {
    const seen = async (): Promise<void> => deepStrictEqual(await this.read(), expected)
    await vi.waitFor(seen, { timeout: 15_000, interval: 20 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

test('trap 5: a change that is committed late is waited for, though changes with higher numbers are there', async () => {
  await using writing = await Writing.open()
  const [late, quick] = [await writing.writer(), await writing.writer()]
  await late('begin; insert into :s.notes values (1)')
  for (let id = 2; id < 6; id++) {
    await quick(`insert into :s.notes values (${id})`)
    expect(await writing.read()).toEqual([])
    expect(await writing.log.head()).toMatchObject({ commit: 0 })
  }
  await late('commit')
  await writing.eventually(['inserted 1', 'inserted 2', 'inserted 3', 'inserted 4', 'inserted 5'])
})

test('a transaction with an early id and a late number comes after those before it', async () => {
  await using writing = await Writing.open()
  const [early, late] = [await writing.writer(), await writing.writer()]
  await early('begin; select pg_current_xact_id()')
  await late('insert into :s.notes values (1, 1)')
  expect(await writing.read()).toEqual(['inserted 1'])
  await early('update :s.notes set n = 2; commit')
  expect(await writing.read()).toEqual(['inserted 1', 'updated 1'])
})

test('what is rolled back leaves a hole that is passed, also one of a savepoint', async () => {
  await using writing = await Writing.open()
  const [failing, other] = [await writing.writer(), await writing.writer()]
  await failing('begin; insert into :s.notes values (1); savepoint a; insert into :s.notes values (2)')
  await other('insert into :s.notes values (3)')
  expect(await writing.read()).toEqual([])
  await failing('rollback to a; insert into :s.notes values (4); commit')
  await writing.eventually(['inserted 1', 'inserted 3', 'inserted 4'])
  await failing('begin; insert into :s.notes values (5); rollback')
  await other('insert into :s.notes values (6)')
  await writing.eventually(['inserted 1', 'inserted 3', 'inserted 4', 'inserted 6'])
})

test('an unrelated transaction that stays open does not delay a log without holes', async () => {
  await using writing = await Writing.open()
  const [long, quick] = [await writing.writer(), await writing.writer()]
  await long('begin; insert into :s.unrelated values (1)')
  const expected: string[] = []
  for (let id = 1; id <= 20; id++) {
    await quick(`insert into :s.notes values (${id})`)
    expected.push(`inserted ${id}`)
    expect(await writing.read()).toEqual(expected)
    expect(await writing.log.head()).toMatchObject({ commit: id })
  }
  await long('rollback')
})

test('a follower gets a change soon after its commit, and a process that saw it late tells the others', async () => {
  await using writing = await Writing.open()
  const { schema } = writing.scene
  await using quiet = await openPg({ url: url() })
  // Looks so seldom that only a notification can wake it.
  await using slow = await openChangeLog({ database: quiet, schema, longestPauseMs: 60_000 })
  const [write, controller] = [await writing.writer(), new AbortController()]
  const seen: number[] = []
  const follow = async (log: EventLog<StoredEvent>): Promise<void> => {
    for await (const { records } of followLog(log, {
      after: await log.beginning(),
      signal: controller.signal,
    }))
      seen.push(records.length)
  }
  await write('insert into :s.notes values (1)')
  const following = [follow(slow), follow(writing.log)]
  await vi.waitFor(() => expect(seen).toEqual([1, 1]))
  const listens = `select count(*)::int as n from pg_stat_activity where query like 'listen%${schema}_changes%'`
  await vi.waitFor(async () => {
    const { rows } = (await write(listens)) as pg.QueryResult<{ n: number }>
    expect(rows[0]?.n).toBeGreaterThanOrEqual(2)
  })
  // Until the pauses of the one have grown long, and those of the other longer than the test.
  await expect
    .poll(
      async () => {
        const before = seen.length
        const { rows } = (await write(
          'select coalesce(max(id), 0) + 1 as id from :s.notes',
        )) as pg.QueryResult<{ id: number }>
        await write(`insert into :s.notes values (${rows[0]?.id})`)
        await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(before + 2), { timeout: 2_000 })
        return true
      },
      { interval: 1_500, timeout: 20_000 },
    )
    .toBe(true)
  controller.abort()
  await Promise.all(following)
})

test('four processes change the same rows, roll back and hang: every change is read once, in the order of its row', async () => {
  await using writing = await Writing.open()
  const { scene, log } = writing
  const [keys, rounds] = [8, 120]
  await scene.run(`insert into :s.notes select id, 0 from generate_series(1, ${keys}) id`)
  const args = [url(), scene.space, String(keys), String(rounds)]
  await using children = new AsyncDisposableStack()
  const writers = Array.from({ length: 4 }, (_, seed) =>
    children.use(new Child('capture-child.ts', [...args, String(seed + 1)])),
  )
  const records: StoredEvent[] = []
  let at = await log.beginning()
  const read = async (): Promise<boolean> => {
    const batch = await log.readBatch(at, { maxRecords: 7 })
    const moved = batch.end.commit > at.commit
    at = batch.end
    records.push(...batch.records)
    return moved
  }
  const running = new AbortController()
  const ended = Promise.all(writers.map((writer) => writer.ended())).finally(() => running.abort())
  while (!running.signal.aborted) if (!(await read())) await log.waitForMore(at, { timeoutMs: 50 })
  expect(await ended).toEqual([0, 0, 0, 0])
  await vi.waitFor(async () => {
    while (await read());
    const [row] = await scene.database.query<{ sum: number }>(
      scene.sql('select sum(n)::int as sum from :s.notes'),
    )
    expect(records).toHaveLength(keys + (row?.sum ?? 0))
  })
  const perRow = Map.groupBy(records, ({ streamId }) => streamId)
  for (const changes of perRow.values()) {
    const counted = changes.map(
      ({ payload }) => (JSON.parse(String(payload)) as { new: { n: number } }).new.n,
    )
    expect(counted).toEqual(counted.map((_, n) => n))
  }
  // Each child counts what it rolled back: a race without holes proves nothing.
  const holes = writers.flatMap(({ lines }) => lines).reduce((sum, line) => sum + Number(line), 0)
  expect(holes).toBeGreaterThan(20)
  expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
})

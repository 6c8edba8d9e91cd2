import type { CarryOver, Lease, Position, ProcessorStore } from '@millrace/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { openPglite } from '../sql/open-pglite.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openProcessorStore } from './open-processor-store.ts'

const old = (commit: number, index = 0): Position => ({ generation: 'old', commit, index })
const now = (commit: number, index = 0): Position => ({ generation: 'new', commit, index })

/** Every second commit of the former log came to nothing. */
const halved: CarryOver = {
  formerGenerations: ['old'],
  checkpoint: async ({ commit }) => await Promise.resolve(now(Math.floor(commit / 2), 3)),
  record: async ({ position, recordId }) =>
    await Promise.resolve(
      position.commit % 2 === 0
        ? { position: now(position.commit / 2), recordId: `${recordId}!` }
        : undefined,
    ),
}

let database: SqlDatabase
let store: ProcessorStore
let processor = ''
let lease: Lease
let count = 0

beforeAll(async () => {
  database = await openPglite('memory')
  store = await openProcessorStore({ database })
})
afterAll(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  count += 1
  processor = `p${count}`
  await store.register({ processor, partitions: 1, log: 'log', start: old(0) })
  const attempt = await store.acquire({ processor, partition: 0 }, { owner: 'old process', ttlMs: 60_000 })
  if (attempt.kind !== 'granted') throw new Error('nobody else has it')
  lease = attempt.lease
})

const record = { contentType: 'application/json', payload: '{}', description: {}, subject: undefined }

async function advance(
  commit: number,
  effects: { readonly delivers?: number; readonly parks?: number } = {},
): Promise<void> {
  const { delivers, parks } = effects
  await store.advance(lease, {
    checkpoint: old(commit),
    records: 1,
    writes: [],
    deliveries:
      delivers === undefined
        ? []
        : [
            {
              id: `${processor} ${delivers}`,
              action: 'post',
              recordId: `r${delivers}`,
              position: old(delivers),
              key: 'key',
              maxAttempts: 3,
              startsNow: false,
            },
          ],
    parked:
      parks === undefined ? [] : [{ recordId: `r${parks}`, position: old(parks), reason: 'broken', record }],
    unparked: [],
  })
}

async function rowOf(): Promise<unknown> {
  const [row] = await database.query(
    'select generation, checkpoint_commit, checkpoint_index, handled_commit, forgotten_commit from millrace.processor_partitions where processor = $1',
    [processor],
  )
  return row
}

const carryOver = async (places: CarryOver): Promise<void> => await store.carryOver?.(places)

describe('carrying a processor over', () => {
  test('moves its checkpoint with what is delivered and set aside, and refuses who handles the former log', async () => {
    await advance(3, { delivers: 2, parks: 3 })
    await advance(9)
    await carryOver(halved)
    expect(await rowOf()).toEqual({
      generation: 'new',
      checkpoint_commit: 4,
      checkpoint_index: 3,
      handled_commit: 1,
      forgotten_commit: -1,
    })
    expect(await store.getDelivery(`${processor} 2`)).toMatchObject({ recordId: 'r2!', position: now(1) })
    const { items } = await store.deadLetters.list({ processor })
    // Its record is gone: nothing lies there.
    expect(items).toMatchObject([{ recordId: 'r3', position: now(4, 999_999_999) }])
    await expect(advance(10)).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
    await store.register({ processor, partitions: 1, log: 'log', start: now(0) })
  })

  test('changes nothing when it is repeated, and nothing of another log', async () => {
    await advance(8)
    await carryOver({ ...halved, formerGenerations: ['another'] })
    expect(await rowOf()).toMatchObject({ generation: 'old', checkpoint_commit: 8 })
    await Promise.all([carryOver(halved), carryOver(halved)])
    await carryOver(halved)
    expect(await rowOf()).toMatchObject({ generation: 'new', checkpoint_commit: 4 })
  })

  test('leaves it with the former log where nobody can tell its place', async () => {
    await advance(8, { delivers: 2 })
    await carryOver({ ...halved, checkpoint: async () => await Promise.resolve(undefined) })
    expect(await rowOf()).toMatchObject({ generation: 'old', checkpoint_commit: 8 })
    await advance(10)
  })

  test('misses nothing that is handled meanwhile', async () => {
    await advance(2)
    let left = 2
    await carryOver({
      ...halved,
      checkpoint: async (former) => {
        const place = await halved.checkpoint(former)
        // Between the look and the move: the old process takes another step.
        if (left > 0) await advance(12 - 2 * left--, { delivers: 10 - 2 * left })
        return place
      },
    })
    expect(left).toBe(0)
    expect(await rowOf()).toMatchObject({ generation: 'new', checkpoint_commit: 5 })
    const { items } = await store.listDeliveries({ processor })
    expect(items.map(({ position }) => position.generation)).toEqual(['new', 'new'])
  })

  test('takes along how far the history reaches, and which commits an append has fed to a read model', async () => {
    await advance(8)
    const insert = `insert into millrace.delivery_history (id, seq, processor, partition, epoch, action, record_id, generation,
      position_commit, position_index, key, state, attempts, attempts_left, opened_at, ended_at)
      select 'h' || $2::int, $2::int, $1, 0, 1, 'post', 'r', 'old', $2::int, 0, 'k', 'delivered', '[]', 0, now(), now() - interval '90 days'`
    await database.query(insert, [processor, 6])
    const inline =
      'insert into millrace.inline_commits (processor, partition, position_commit) select $1, 0, unnest($2::bigint[])'
    await database.query(inline, [processor, [10, 11, 12]])
    await carryOver(halved)
    expect(await rowOf()).toMatchObject({ checkpoint_commit: 4, forgotten_commit: 3 })
    const fed = await database.query(
      'select position_commit as at from millrace.inline_commits where processor = $1',
      [processor],
    )
    expect(fed).toEqual([{ at: 5 }, { at: 6 }])
    // Numbers of the former log are higher: with them, what comes next would cause no effects.
    await database.query('select millrace.maintain_delivery_history(30)')
    expect(await rowOf()).toMatchObject({ forgotten_commit: 3 })
    expect(await database.query(`select from millrace.delivery_history where id = 'h6'`)).toEqual([])
  })
})

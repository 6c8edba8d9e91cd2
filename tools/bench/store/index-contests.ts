import type { SqlDatabase } from '@millrace/postgres'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { openArena, schemas } from './arena.ts'
import type { DurablePostgres } from './durable-postgres.ts'
import { streamIds } from './events.ts'
import { handAppend } from './hand-append.ts'

const bare = 'bench_bare'

/** The same columns without index, partition or trigger; only a head must be found. */
async function createBareTables(database: SqlDatabase): Promise<void> {
  const { theirs } = schemas
  await database.script(`
    drop schema if exists ${bare} cascade;
    create schema ${bare};
    create sequence ${bare}.commit_seq;
    create table ${bare}.streams (like ${theirs}.streams, primary key (stream_id));
    create table ${bare}.commits (like ${theirs}.commits);
    create table ${bare}.events (like ${theirs}.events)`)
}

async function open(server: DurablePostgres, size: number): Promise<Sides> {
  const arena = await openArena(server)
  await createBareTables(arena.database)
  const [indexed, unindexed] = [handAppend(schemas.theirs, size), handAppend(bare, size)]
  const [indexedIds, bareIds] = [streamIds('order'), streamIds('order')]
  return {
    measured: atOnce({ workers: 1, size }, () =>
      indexed(arena.send, { streamId: indexedIds(), expected: 0 }),
    ),
    yardstick: atOnce({ workers: 1, size }, () =>
      unindexed(arena.send, { streamId: bareIds(), expected: 0 }),
    ),
    async [Symbol.asyncDispose]() {
      await arena.database.script(`drop schema ${bare} cascade`)
      await arena[Symbol.asyncDispose]()
    },
  }
}

/** What our indexes and partitions cost a writer, whoever writes. */
export function indexContests(server: DurablePostgres): readonly Contest[] {
  return [1, 100].map((size) => ({
    name: `cost of indexes, hand-written append(${size})`,
    unit: 'events/s',
    yardstick: 'the same statement on bare tables',
    open: () => open(server, size),
  }))
}

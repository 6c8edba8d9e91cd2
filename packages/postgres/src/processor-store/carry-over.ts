import type { CarryOver, Position, RecordPlace } from '@millrace/contracts'

import type { SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'

/** Partitions with a checkpoint in one of the generations $1, and how far their history reaches there. */
const readPartitions = `
  select processor, partition, generation, checkpoint_commit, checkpoint_index, handled_commit, forgotten_commit,
    coalesce((select max(h.position_commit) from :schema.delivery_history h
      where h.processor = p.processor and h.partition = p.partition and h.generation = p.generation), -1) as history_commit
  from :schema.processor_partitions p where generation = any($1::text[])
  order by processor, partition`

const tables = ['deliveries', 'dead_letters', 'parked_records'] as const
type Table = (typeof tables)[number]

/** A page of the records $1 processor, $2 partition of the generation $3. */
const readRecords = (table: Table): string => `
  select id, record_id, position_commit, position_index from :schema.${table}
  where processor = $1 and partition = $2 and generation = $3 order by id limit ${page}`

/** $1 ids, $2 their generation, $3 the new one, $4 record ids, $5 commits, $6 indexes. */
const moveRecords = (table: Table): string => `
  update :schema.${table} r
  set generation = $3, record_id = x.record_id, position_commit = x.position_commit, position_index = x.position_index
  from unnest($1::text[], $4::text[], $5::bigint[], $6::int[]) as x (id, record_id, position_commit, position_index)
  where r.id = x.id and r.generation = $2`

const countRecords = tables
  .map(
    (table) =>
      `exists (select from :schema.${table} where processor = $1 and partition = $2 and generation = $3)`,
  )
  .join(' or ')

// in:    processor, partition, generation, checkpoint, handled and forgotten commit as they were read; the new ones
// out:   a row where all of that still held, and nothing of the partition was left behind
// locks: the partition's row until commit, so that no advance under the former generation comes later
const lockPartition = `
  select generation from :schema.processor_partitions
  where processor = $1 and partition = $2 and generation = $3 and (checkpoint_commit, checkpoint_index) = ($4, $5)
  for update`
const movePartition = `
  update :schema.processor_partitions
  set generation = $4, checkpoint_commit = $5, checkpoint_index = $6, handled_commit = $7, forgotten_commit = $8, updated_at = now()
  where processor = $1 and partition = $2 and generation = $3`

// Commits of the former log that an append has fed to the partition's read model. They have no generation of their own.
const readInline = `
  select position_commit as commit from :schema.inline_commits where processor = $1 and partition = $2`
const forgetInline = 'delete from :schema.inline_commits where processor = $1 and partition = $2'
const writeInline = `
  insert into :schema.inline_commits (processor, partition, position_commit)
  select $1, $2, commit from unnest($3::bigint[]) commit on conflict do nothing`

const page = 500
/** Behind every record of its commit: nothing lies there. */
const nowhere = 999_999_999

interface PartitionRow {
  readonly processor: string
  readonly partition: number
  readonly generation: string
  readonly checkpoint_commit: number
  readonly checkpoint_index: number
  readonly handled_commit: number
  readonly forgotten_commit: number
  readonly history_commit: number
}

interface RecordRow {
  readonly id: string
  readonly record_id: string
  readonly position_commit: number
  readonly position_index: number
}

/** See `ProcessorStore.carryOver`. */
export async function carryOver(ledger: Ledger, places: CarryOver): Promise<void> {
  const values = [places.formerGenerations]
  for (;;) {
    const rows = await ledger.database.query<PartitionRow>(ledger.sql(readPartitions), values)
    let changed = false
    for (const row of rows) if ((await carryPartition(ledger, row, places)) === 'changed') changed = true
    // Somebody handled the former log's last events meanwhile.
    if (!changed) return
  }
}

async function carryPartition(
  ledger: Ledger,
  row: PartitionRow,
  places: CarryOver,
): Promise<'carried' | 'kept' | 'changed'> {
  const {
    generation,
    checkpoint_commit,
    checkpoint_index,
    handled_commit,
    forgotten_commit,
    history_commit,
  } = row
  const at = async (commit: number, index = nowhere): Promise<Position | undefined> =>
    commit < 0 ? undefined : await places.checkpoint({ generation, commit, index })
  const checkpoint = await at(checkpoint_commit, checkpoint_index)
  if (checkpoint === undefined) return 'kept'
  for (const table of tables) await carryRecords(ledger, table, row, { places, checkpoint })
  const handled = await at(handled_commit)
  // What is in the history under the former generation is not found there any more when its day goes.
  const forgotten = await at(Math.max(forgotten_commit, history_commit))
  const [handledCommit, forgottenCommit] = [handled?.commit ?? checkpoint.commit, forgotten?.commit ?? -1]
  const inline = new Map<number, number | undefined>()
  for (const commit of await inlineCommits(ledger, ledger.database, row)) {
    const [here, before] = [await at(commit), await at(commit - 1)]
    // A place that is also that of the commit before it is not this one's.
    inline.set(commit, here?.commit === before?.commit ? undefined : here?.commit)
  }
  return await ledger.database.transaction(
    async (tx) => await carryRow(ledger, tx, row, { checkpoint, handledCommit, forgottenCommit, inline }),
  )
}

async function inlineCommits(
  ledger: Ledger,
  session: SqlSession,
  { processor, partition }: PartitionRow,
): Promise<readonly number[]> {
  const rows = await session.query<{ commit: number }>(ledger.sql(readInline), [processor, partition])
  return rows.map(({ commit }) => commit)
}

async function carryRow(
  ledger: Ledger,
  tx: SqlTransaction,
  row: PartitionRow,
  to: {
    readonly checkpoint: Position
    readonly handledCommit: number
    readonly forgottenCommit: number
    /** Undefined for a commit that came to nothing. */
    readonly inline: ReadonlyMap<number, number | undefined>
  },
): Promise<'carried' | 'changed'> {
  const { processor, partition, generation, checkpoint_commit, checkpoint_index } = row
  const key = [processor, partition, generation]
  const locked = await tx.query(ledger.sql(lockPartition), [...key, checkpoint_commit, checkpoint_index])
  if (locked.length === 0) return 'changed'
  const [left] = await tx.query<{ some: boolean }>(ledger.sql(`select ${countRecords} as some`), key)
  if (left?.some === true) return 'changed'
  const { checkpoint, handledCommit, forgottenCommit, inline } = to
  const fed = await inlineCommits(ledger, tx, row)
  if (fed.some((commit) => !inline.has(commit))) return 'changed'
  await tx.execute(ledger.sql(forgetInline), [processor, partition])
  const kept = fed.flatMap((commit) => inline.get(commit) ?? [])
  await tx.execute(ledger.sql(writeInline), [processor, partition, kept])
  const { generation: next, commit, index } = checkpoint
  await tx.execute(ledger.sql(movePartition), [...key, next, commit, index, handledCommit, forgottenCommit])
  return 'carried'
}

/** What is delivered and set aside, a page at a time; each page is whole when it is there. */
async function carryRecords(
  ledger: Ledger,
  table: Table,
  { processor, partition, generation }: PartitionRow,
  { places, checkpoint }: { readonly places: CarryOver; readonly checkpoint: Position },
): Promise<void> {
  const key = [processor, partition, generation]
  for (;;) {
    const rows = await ledger.database.query<RecordRow>(ledger.sql(readRecords(table)), key)
    if (rows.length === 0) return
    const moved: RecordPlace[] = []
    for (const { record_id: recordId, position_commit: commit, position_index: index } of rows) {
      const place = await places.record({ recordId, position: { generation, commit, index } })
      moved.push(place ?? { recordId, position: { ...checkpoint, index: nowhere } })
    }
    await ledger.database.query(ledger.sql(moveRecords(table)), [
      rows.map(({ id }) => id),
      generation,
      checkpoint.generation,
      moved.map(({ recordId }) => recordId),
      moved.map(({ position }) => position.commit),
      moved.map(({ position }) => position.index),
    ])
  }
}

import type { LogPartition, Position } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'

/** Where the log lies, and the tables of its processors. */
export interface LogPlace {
  readonly log: SchemaName
  readonly processors: SchemaName
  readonly generation: string
}

interface EndsRow {
  /** Whether a commit lies behind the partition. */
  readonly passed: boolean
  /** The last commit with an event in it. */
  readonly last: number | null
  /** The first commit of the default partition that belongs before its end. */
  readonly stray: number | null
  readonly replaced: boolean
}

/** $1 the first commit behind the partition. */
const ends = `select exists (select from :schema.commits where seq >= $1::bigint) as passed,
  (select commit_seq from :schema.:partition order by commit_seq desc limit 1) as last,
  (select commit_seq from :schema.events_default where commit_seq < $1 order by commit_seq limit 1) as stray,
  exists (select from :schema.log_replacement) as replaced`

// Of another log's processors the places mean nothing here.
/** $1 the first commit behind the partition, $2 the log's generation. */
const readers = `select processor, partition, checkpoint_commit as commit from :processors.processor_partitions p
where generation = $2 and checkpoint_commit < $1::bigint
  and exists (select from :schema.commits c where c.seq > p.checkpoint_commit and c.seq < $1)
order by checkpoint_commit, processor, partition limit 20`

/** The same parameters. A delivery reads its event when it is tried. */
const deliveries = `select processor, count(*) as open from :processors.deliveries
where generation = $2 and position_commit < $1::bigint and record is null group by processor order by processor limit 20`

async function readerReasons(
  session: SqlSession,
  { log, processors, generation }: LogPlace,
  to: number,
): Promise<readonly string[]> {
  const text = (statement: string): string => inSchema(statement.replaceAll(':processors', processors), log)
  const behind = await session.query<{ processor: string; partition: number; commit: number }>(
    text(readers),
    [to, generation],
  )
  const open = await session.query<{ processor: string; open: number }>(text(deliveries), [to, generation])
  return [
    ...behind.map(
      ({ processor, partition, commit }) =>
        `processor ${processor} has read up to commit ${commit} only (partition ${partition})`,
    ),
    ...open.map(({ processor, open: count }) => `processor ${processor} has ${count} open deliveries of it`),
  ]
}

/** Why a partition cannot leave the log now, which is whole up to a place in an archive. */
export async function holdsOf(
  session: SqlSession,
  place: LogPlace,
  {
    partition,
    oldest,
    archivedUpTo,
  }: {
    readonly partition: LogPartition
    readonly oldest: LogPartition | undefined
    readonly archivedUpTo: Position
  },
): Promise<readonly string[]> {
  const { name, toCommit } = partition
  // A name of the server's own catalogue.
  const text = inSchema(ends.replace(':partition', `"${name}"`), place.log)
  const [row] = await session.query<EndsRow>(text, [toCommit])
  if (row === undefined) throw new Error('a select without from gives one row')
  const { passed, last, stray, replaced } = row
  const reasons: string[] = []
  if (replaced) reasons.push('the log is being replaced, or was')
  if (oldest?.name !== name) reasons.push(`${oldest?.name ?? 'nothing'} is older and goes first`)
  if (!passed) reasons.push('commits are still written to it')
  if (stray !== null) reasons.push(`commit ${stray}, which belongs before its end, lies in events_default`)
  if (archivedUpTo.generation !== place.generation) reasons.push('the archive is of another log')
  else if (last !== null && last > archivedUpTo.commit)
    reasons.push(`it has events up to commit ${last}, and the archive only up to ${archivedUpTo.commit}`)
  return [...reasons, ...(await readerReasons(session, place, toCommit))]
}

import { nothingArchived } from '../partitions/archived-reads.ts'
import { placeColumns, storedColumns } from '../read/stored-row.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'

/** Commits after $1, at most $2. */
const commits =
  'select seq, event_count, payload_bytes from :schema.commits where seq > $1::bigint order by seq limit $2::int'

/** The last commit that is visible, and the events in it. */
const lastCommit = 'select seq, event_count, payload_bytes from :schema.commits order by seq desc limit 1'

/** The last commit before the first number above $1 that is missing below another. */
const commitBeforeHole = `select seq, event_count, payload_bytes from :schema.commits where seq <= coalesce(
  (select before from (select seq, lag(seq, 1, $1::bigint) over (order by seq) as before from :schema.commits where seq > $1) as pairs
   where seq > before + 1 order by seq limit 1), ${Number.MAX_SAFE_INTEGER}) order by seq desc limit 1`

/** The event at $1, $2. */
const eventAt = `select ${storedColumns}, ${placeColumns} from :schema.events where commit_seq = $1::bigint and commit_index = $2::int`

/** Records after $1, counted up to $2. */
const countAfter = `select count(*) as records from (select from :schema.events where commit_seq > $1::bigint limit $2::int) as counted`

/** What an estimate for very many records is made from: numbers after $1 and the events of a recent commit. */
const estimateAfter = `select (select max(seq) from :schema.commits) - $1::bigint as commits,
  (select avg(event_count)::float8 from (select event_count from :schema.commits order by seq desc limit 1000) as recent) as size`

const oldestAfter =
  'select recorded_at from :schema.events where commit_seq > $1::bigint order by commit_seq, commit_index limit 1'

const texts: Readonly<
  Record<
    | 'commits'
    | 'lastCommit'
    | 'commitBeforeHole'
    | 'eventAt'
    | 'countAfter'
    | 'estimateAfter'
    | 'oldestAfter',
    string
  >
> = { commits, lastCommit, commitBeforeHole, eventAt, countAfter, estimateAfter, oldestAfter }

/** The statements a log is read with. */
export type LogTexts = typeof texts

export function logTexts(schema: SchemaName): LogTexts {
  return {
    commits: inSchema(texts.commits, schema),
    lastCommit: inSchema(texts.lastCommit, schema),
    commitBeforeHole: inSchema(texts.commitBeforeHole, schema),
    eventAt: inSchema(texts.eventAt, schema),
    countAfter: inSchema(texts.countAfter, schema),
    estimateAfter: inSchema(texts.estimateAfter, schema),
    oldestAfter: inSchema(texts.oldestAfter, schema),
  }
}

/** The events of the commits above $1 up to $2, with further conditions; fails where one of them was archived. */
export function batchText(schema: SchemaName, conditions: readonly string[]): string {
  const all = ['commit_seq > $1::bigint', 'commit_seq <= $2::bigint', ...conditions, nothingArchived('$1')]
  return inSchema(
    `select ${storedColumns}, ${placeColumns} from :schema.events where ${all.join(' and ')} order by commit_seq, commit_index`,
    schema,
  )
}

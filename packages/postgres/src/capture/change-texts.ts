import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import { changeColumns } from './stored-change.ts'

const inOrder = 'order by seq, row_index'
const bytesOf = 'coalesce(octet_length(old_row::text), 0) + coalesce(octet_length(new_row::text), 0)'

type PlainText = 'next' | 'last' | 'beforeHole' | 'countAfter' | 'estimateAfter' | 'oldestAfter' | 'facts'

const texts: Readonly<Record<PlainText, string>> = {
  /** The first commit after $1. */
  next: 'select seq, last_index from :schema.changes where seq > $1::bigint order by seq limit 1',
  /** The last change there is. */
  last: 'select seq, last_index from :schema.changes order by seq desc limit 1',
  /** The last commit before the first number above $1 that is missing below another. */
  beforeHole: `select seq, last_index from :schema.changes where seq <= coalesce(
    (select before from (select seq, lag(seq, 1, $1::bigint) over (order by seq) as before from :schema.changes where seq > $1) as pairs
     where seq > before + 1 order by seq limit 1), ${Number.MAX_SAFE_INTEGER}) order by seq desc limit 1`,
  countAfter:
    'select count(*) as records from (select from :schema.changes where seq > $1::bigint limit $2::int) as counted',
  /** What an estimate for very many changes is made from. */
  estimateAfter: `select (select max(seq) from :schema.changes) - $1::bigint as commits,
    (select count(*) / count(distinct seq)::float8 from (select seq from :schema.changes order by seq desc limit 1000) as recent) as size`,
  oldestAfter: `select recorded_at from :schema.changes where seq > $1::bigint ${inOrder} limit 1`,
  facts: 'select generation, pruned_seq from :schema.change_log',
}

/** The statements a change log is read with. */
export type ChangeTexts = Readonly<
  Record<keyof typeof texts | 'page' | 'filteredPage' | 'commit' | 'at', string>
>

/**
 * Pages hold the changes after $1, at most $2, and none behind the one that reaches $3 bytes; of those that $4 (types) and $5
 * (tables) leave out only the place is told.
 */
export function changeTexts(schema: SchemaName, maxEventBytes: number): ChangeTexts {
  const columns = changeColumns.replaceAll('$max', String(maxEventBytes))
  const place = 'seq, row_index, last_index'
  const measured = `select *, ${bytesOf} as bytes from :schema.changes`
  const passes = `($4::text[] is null or capture || '.' || operation = any ($4)) and ($5::text[] is null or capture = any ($5))`
  const page = (shown: string, filter: string): string => `select ${shown} from (
      select ${columns}, ${place}, ${filter} as passes, bytes,
        sum(bytes) over (${inOrder} rows unbounded preceding) as total
      from (${measured} where seq > $1::bigint ${inOrder} limit $2::int) f) p
    where total - bytes < $3::bigint ${inOrder}`
  const kept = (column: string): string => `case when passes then ${column} end`
  const all = {
    ...texts,
    page: page(`head, row_key, old_row, new_row, rest, ${place}`, 'true'),
    filteredPage: page(`head, row_key, ${kept('old_row')}, ${kept('new_row')}, rest, ${place}`, passes),
    commit: `select ${columns}, ${place} from (${measured} where seq = $1::bigint) f ${inOrder}`,
    at: `select ${columns}, ${place} from (${measured} where seq = $1::bigint and row_index = $2::int) f`,
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, text]) => [name, inSchema(text, schema)]),
  ) as ChangeTexts
}

import type { RolloverOptions, SearchSegment } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import { changeBuilds } from './search-builds.ts'
import type { SearchTables } from './search-builds.ts'

// out: the segments of a build; each was closed when the next was opened
const readAll = `
select segment as number, from_version as "fromVersion", lead(opened_at) over (order by segment) as "closedAt"
from :schema.search_segments where run = $1 order by segment`

const readLast = `
select segment, from_version, extract(epoch from clock_timestamp() - opened_at)::float8 * 1000 as age_ms
from :schema.search_segments where run = $1 order by segment desc limit 1`

const insertNext = `insert into :schema.search_segments (run, segment, from_version) values ($1, $2, $3)`

// in: run, age in ms
const deleteOld = `
with closed as (
  select segment, lead(opened_at) over (order by segment) as closed_at
  from :schema.search_segments where run = $1)
delete from :schema.search_segments s using closed
where s.run = $1 and s.segment = closed.segment
  and closed.closed_at <= clock_timestamp() - $2 * interval '1 ms'`

const readFirst = `select min(from_version) as first from :schema.search_segments where run = $1`

interface Place {
  readonly run: number
  readonly table: string
}

/** The segments of a build, by number. */
export async function readSegments(
  { database, schema }: SearchTables,
  run: number,
): Promise<readonly SearchSegment[]> {
  const rows = await database.query<{ number: number; fromVersion: number; closedAt: Date | null }>(
    inSchema(readAll, schema),
    [run],
  )
  return rows.map(({ number, fromVersion, closedAt }) => ({
    number,
    fromVersion,
    closedAt: closedAt ?? undefined,
  }))
}

/** Opens the next segment if the last one is full or old. A write of a higher version meanwhile is of the next one. */
export async function closeSegment(
  tables: SearchTables,
  { run, table }: Place,
  { maxDocuments = Infinity, maxBytes = Infinity, maxAgeMs = Infinity }: RolloverOptions,
): Promise<boolean> {
  const { schema } = tables
  return await changeBuilds(tables, async (tx) => {
    const [last] = await tx.query<{ segment: number; from_version: number; age_ms: number }>(
      inSchema(readLast, schema),
      [run],
    )
    if (last === undefined) return false
    const size = Number.isFinite(maxBytes) ? 'coalesce(sum(pg_column_size(d.*)), 0)::bigint' : '0::bigint'
    const [held] = await tx.query<{ count: number; bytes: number; highest: number | null }>(
      `select count(*) as count, ${size} as bytes, max(version) as highest from ${table} d where version >= $1`,
      [last.from_version],
    )
    if (held === undefined || held.count === 0) return false
    if (held.count < maxDocuments && held.bytes < maxBytes && last.age_ms < maxAgeMs) return false
    await tx.execute(inSchema(insertNext, schema), [run, last.segment + 1, (held.highest ?? 0) + 1])
    return true
  })
}

/** Removes the segments that were closed that long ago, and their documents; how many. */
export async function removeSegments(
  tables: SearchTables,
  { run, table }: Place,
  closedBeforeMs: number,
): Promise<number> {
  const { schema } = tables
  return await changeBuilds(tables, async (tx) => {
    const removed = await tx.execute(inSchema(deleteOld, schema), [run, closedBeforeMs])
    const [{ first } = { first: 0 }] = await tx.query<{ first: number }>(inSchema(readFirst, schema), [run])
    if (removed > 0) await tx.execute(`delete from ${table} where version < $1`, [first])
    return removed
  })
}

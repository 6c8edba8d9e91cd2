import type { Position } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'
import { copyRowOf, generationOf, ifOurs, replacementOf, schemasWithLogs } from './replacement-rows.ts'

/** The last commit of the copy that was made of one up to $1. */
const forwards = `select t.seq, t.event_count - 1 as index from :source.commits s
join :schema.commits t on t.commit_id = s.commit_id where s.seq <= $1::bigint order by s.seq desc limit 1`

/** The place before the first commit that one of the copy behind $1 was made from. */
const backwards = `select s.seq - 1 as seq from :schema.commits t
join :source.commits s on s.commit_id = t.commit_id where t.seq > $1::bigint order by t.seq limit 1`

/** All of a commit, however many events it has. */
const wholeCommit = 999_999_999

interface Pair {
  readonly source: SchemaName
  readonly copy: SchemaName
}

const between = (text: string, { source, copy }: Pair): string =>
  inSchema(text.replace(/(?<!:):source\b/g, source), copy)

async function inCopy(
  session: SqlSession,
  pair: Pair,
  commit: number,
): Promise<Omit<Position, 'generation'>> {
  const [row] = await session.query<{ seq: number; index: number }>(between(forwards, pair), [commit])
  return { commit: row?.seq ?? 0, index: row?.index ?? 0 }
}

/** Commits that came to nothing in the copy were handled with the one before them. */
async function inSource(
  session: SqlSession,
  pair: Pair,
  commit: number,
): Promise<Omit<Position, 'generation'>> {
  const [row] = await session.query<{ seq: number }>(between(backwards, pair), [commit])
  if (row !== undefined) return { commit: row.seq, index: wholeCommit }
  const back = await replacementOf(session, pair.copy)
  return { commit: back?.bySeq ?? 0, index: wholeCommit }
}

/** The logs whose place the schema's has taken, each with the way from there. */
async function* before(
  session: SqlSession,
  schema: SchemaName,
): AsyncGenerator<{ readonly schema: SchemaName; readonly pair: Pair }, void, void> {
  const source = await copyRowOf(session, schema)
  if (source !== undefined && (await isStill(session, source.sourceSchema, source.sourceGeneration)))
    yield { schema: source.sourceSchema, pair: { source: source.sourceSchema, copy: schema } }
  const own = await generationOf(session, schema)
  for (const copy of await schemasWithLogs(session)) {
    const row = await ifOurs(copyRowOf(session, copy))
    const back = await ifOurs(replacementOf(session, copy))
    const isReturned = back?.bySchema === schema && back.replacedAt !== null
    if (isReturned && row?.sourceSchema === schema && row.sourceGeneration === own)
      yield { schema: copy, pair: { source: schema, copy } }
  }
}

async function isStill(session: SqlSession, schema: SchemaName, generation: string): Promise<boolean> {
  const there = await schemasWithLogs(session)
  return there.includes(schema) && (await generationOf(session, schema)) === generation
}

/**
 * Where a reader of a former log goes on in the schema's: commits have kept their ids on the way. Undefined for a log that
 * is not one of those before it.
 */
export async function formerPosition(
  session: SqlSession,
  schema: SchemaName,
  position: Position,
  seen: readonly SchemaName[] = [],
): Promise<Position | undefined> {
  const generation = await generationOf(session, schema)
  if (position.generation === generation) return position
  for await (const { schema: other, pair } of before(session, schema)) {
    if (seen.includes(other)) continue
    const there = await formerPosition(session, other, position, [...seen, schema])
    if (there === undefined) continue
    const place =
      pair.copy === schema
        ? await inCopy(session, pair, there.commit)
        : await inSource(session, pair, there.commit)
    return { generation, ...place }
  }
  return undefined
}

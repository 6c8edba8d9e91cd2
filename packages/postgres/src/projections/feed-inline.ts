import type {
  FeedSession,
  InlineFeed,
  PartitionPlace,
  ProjectionBuild,
  StoredEvent,
} from '@millrace/contracts'

import { buildsOf, liveOf } from './build-rows.ts'
import type { ModelLedger } from './model-ledger.ts'
import { SqlDocumentModel } from './sql-document-model.ts'

// Shared by appends; a switch or a reset, which take the row for themselves, wait for them and make them wait.
const shareProjection = `select from :schema.projections where projection = $1 for share`

// in:    processor, partition, streams, and for each the commit of its last event before, null where it had none
// out:   whether all of these commits are in the read model, no stream is held, and the processor is not at work
const readOrder = `
  select bool_and(
    (before is null or before <= p.checkpoint_commit
      or exists (select from :schema.inline_commits i
        where i.processor = $1 and i.partition = $2 and i.position_commit = before))
    and not exists (select from :schema.parked_records r
      where r.processor = $1 and r.partition = $2 and r.held_stream = stream)
  ) and not exists (select from :schema.inline_holds h
    where h.processor = $1 and h.partition = $2 and h.until > clock_timestamp()) as in_order
  from :schema.processor_partitions p, unnest($3::text[], $4::bigint[]) as s (stream, before)
  where p.processor = $1 and p.partition = $2`

const insertInline = `
  insert into :schema.inline_commits (processor, partition, position_commit) values ($1, $2, $3)`

async function isInOrder(
  ledger: ModelLedger,
  session: FeedSession,
  { commit }: InlineFeed,
  part: Part,
): Promise<boolean> {
  const streams = [...new Set(part.events.map(({ streamId }) => streamId))]
  const before = streams.map((streamId) => commit.before.get(streamId) ?? null)
  const values = [part.build.processor, part.partition, streams, before]
  const [row] = await session.query<{ in_order: boolean | null }>(ledger.sql(readOrder), values)
  return row?.in_order === true
}

interface Part {
  readonly build: ProjectionBuild
  readonly partition: number
  readonly events: readonly StoredEvent[]
}

async function feedPart(
  ledger: ModelLedger,
  session: FeedSession,
  feed: InlineFeed,
  part: Part,
): Promise<void> {
  const { build, partition, events } = part
  const seq = events[0]?.position.commit
  if (seq === undefined || !(await isInOrder(ledger, session, feed, part))) return
  const place = { processor: build.processor, partition }
  const model = new SqlDocumentModel(ledger, build)
  const load = (keys: readonly string[]): ReturnType<SqlDocumentModel['load']> =>
    model.loadLocked(keys, session)
  const writes = await feed.writesOf(events, { build, place, load })
  for (const { statement, values } of writes) await session.execute(statement, values)
  await session.execute(ledger.sql(insertInline), [build.processor, partition, seq])
}

const lockProjection = `select from :schema.projections where projection = $1 for update`

const insertHold = `
  insert into :schema.inline_holds (processor, partition, until)
  values ($1, $2, clock_timestamp() + interval '10 seconds')
  on conflict (processor, partition) do update set until = excluded.until`

/** See `ProjectionStore.holdInline`. */
export async function holdInline(
  ledger: ModelLedger,
  projection: string,
  { processor, partition }: PartitionPlace,
): Promise<void> {
  await ledger.database.transaction(async (tx) => {
    await tx.query(ledger.sql(lockProjection), [projection])
    await tx.execute(ledger.sql(insertHold), [processor, partition])
  })
}

/** See `ProjectionStore.feedInline`. */
export async function feedInline(ledger: ModelLedger, feed: InlineFeed, session: FeedSession): Promise<void> {
  await session.query(ledger.sql(shareProjection), [feed.projection])
  const builds = await buildsOf(ledger, session, feed.projection)
  const build = liveOf(builds)
  // What is read rests while another build takes its place, else that would never be level with it.
  if (build?.version !== feed.version || builds.some(({ state }) => state === 'switching')) return
  const parts = Map.groupBy(feed.events, ({ bucket }) => bucket % build.partitions)
  for (const [partition, events] of parts) await feedPart(ledger, session, feed, { build, partition, events })
}

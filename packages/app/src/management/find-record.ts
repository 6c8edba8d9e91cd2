import { formatPosition, isUlid, parseEventId, parsePosition, ulidTime } from '@millrace/contracts'
import type { EventLog, EventStore, Position, ProcessorStore, StoredEvent } from '@millrace/contracts'
import { placeOfChange } from '@millrace/postgres'

type Log = EventLog<StoredEvent>

/** Where records are looked for. */
export interface RecordSource {
  readonly store: Pick<EventStore, 'log'>
  /** The changes of captured tables. */
  readonly changes: Log | undefined
  readonly processors: Pick<ProcessorStore, 'deliveriesOf' | 'deadLetters'>
}

/** How far is looked. */
export interface RecordSearch {
  /** Reads the whole log of the events where the record is not near the time in its id. @defaultValue false */
  readonly scan?: boolean
  readonly signal?: AbortSignal | undefined
}

/** An event, or the change of a row, and the log that holds it. */
export interface FoundRecord {
  readonly log: Log
  readonly isChange: boolean
  readonly stored: StoredEvent
}

/** An id is minted shortly before its event is recorded; clocks differ. */
const beforeMs = 60_000
const afterMs = 600_000
const nearRecords = 100_000
const pageRecords = 1_000
/** What is read in one go anyway need not be halved any further. */
const nearCommits = 500

/** Several logs are told apart by the generation in each of their positions. */
async function atPosition(
  { store, changes }: RecordSource,
  position: Position,
): Promise<FoundRecord | undefined> {
  for (const log of [store.log, changes]) {
    if (log === undefined || (await log.head()).generation !== position.generation) continue
    const stored = await log.readAt(position)
    return stored && { log, isChange: log === changes, stored }
  }
  return undefined
}

async function changeOf(changes: Log | undefined, id: string): Promise<StoredEvent | undefined> {
  const place = placeOfChange(id)
  if (place === undefined || changes === undefined) return undefined
  const { generation } = await changes.head()
  const stored = await changes.readAt({ generation, ...place })
  return stored?.id === id ? stored : undefined
}

/** Commits lie in the order of their times, but for the little by which clocks differ. */
async function placeBefore(log: Log, time: number): Promise<Position> {
  let low = (await log.archived?.()) ?? (await log.beginning())
  let high = (await log.head()).commit
  while (high - low.commit > nearCommits) {
    const middle = { ...low, commit: Math.floor((low.commit + high) / 2) }
    const { records } = await log.readBatch(middle, { maxRecords: 1 })
    const [first] = records
    if (first !== undefined && first.recordedAt.getTime() < time) low = middle
    else high = middle.commit
  }
  return low
}

/** Reads on from a position until the record is found, or none that follows can be it. */
async function readOn(
  log: Log,
  id: string,
  window: { readonly from: Position; readonly until: number; readonly most: number },
  signal: AbortSignal | undefined,
): Promise<StoredEvent | undefined> {
  let after = window.from
  for (let seen = 0; seen < window.most;) {
    signal?.throwIfAborted()
    const { records, end } = await log.readBatch(after, { maxRecords: pageRecords })
    const found = records.find((record) => record.id === id)
    if (found !== undefined || formatPosition(end) === formatPosition(after)) return found
    if ((records.at(-1)?.recordedAt.getTime() ?? 0) > window.until) return undefined
    seen += records.length
    after = end
  }
  return undefined
}

async function eventOf(
  log: Log,
  id: string,
  { scan, signal }: RecordSearch,
): Promise<StoredEvent | undefined> {
  const time = ulidTime(parseEventId(id))
  const near = { from: await placeBefore(log, time - beforeMs), until: time + afterMs, most: nearRecords }
  const found = await readOn(log, id, near, signal)
  if (found !== undefined || scan !== true) return found
  const from = (await log.archived?.()) ?? (await log.beginning())
  return await readOn(log, id, { from, until: Infinity, most: Infinity }, signal)
}

/** What was delivered or set aside tells where its record lies. */
async function knownPlace({ processors }: RecordSource, id: string): Promise<Position | undefined> {
  const [delivery] = await processors.deliveriesOf(id)
  if (delivery !== undefined) return delivery.position
  const [aside] = await processors.deadLetters.ofRecord(id)
  return aside?.position
}

/** The id of a record: as it is, or as the first part of a delivery's or a dead letter's; undefined for a position. */
export function recordIdIn(text: string): string | undefined {
  const [id = ''] = text.split(':')
  const [own = ''] = id.split('#')
  return isUlid(own) ? id : undefined
}

/**
 * Finds an event or the change of a row by its id, the id of one of its deliveries, or its position; undefined where it is not
 * there.
 * @throws the signal's reason
 */
export async function findRecord(
  source: RecordSource,
  text: string,
  search: RecordSearch = {},
): Promise<FoundRecord | undefined> {
  const [id] = recordIdIn(text)?.split('#') ?? []
  if (id === undefined)
    return /^[^:]+:\d+:\d+$/.test(text) ? await atPosition(source, parsePosition(text, 'id')) : undefined
  const { store, changes } = source
  const change = await changeOf(changes, id)
  if (change !== undefined && changes !== undefined) return { log: changes, isChange: true, stored: change }
  const place = await knownPlace(source, id)
  const known = place === undefined ? undefined : await atPosition(source, place)
  if (known?.stored.id === id) return known
  const stored = await eventOf(store.log, id, search)
  return stored && { log: store.log, isChange: false, stored }
}

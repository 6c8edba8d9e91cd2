import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  NewEvent,
  Position,
  StreamId,
  StreamWrite,
} from '@millrace/contracts'

/** What a lane is asked to see of the log. */
export interface Sighting {
  /** Where it starts, exclusive. */
  readonly after: Position
  readonly types: readonly string[]
  /** How many records it waits for. */
  readonly count: number
  readonly maxRecords: number
}

/** A record as a lane saw it. */
export interface Seen {
  readonly id: string
  readonly commit: number
  readonly index: number
}

/** One of the writers (and readers) that race for a store, in a process of its own where the store can be shared. */
export interface Lane extends AsyncDisposable {
  append(streamId: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendReceipt>
  commit(writes: readonly StreamWrite[], options: CommitOptions): Promise<CommitReceipt>
  /** Follows the log and returns what it saw, in the order it saw it; gives up when nothing came for 5 seconds. */
  follow(sighting: Sighting): Promise<readonly Seen[]>
}

/** The number of lanes in every race. */
export const laneCount = 4

/** What a lane does with its store. */
export type LaneWork = Pick<Lane, 'append' | 'commit' | 'follow'>

/** The lane over an opened store. */
export function laneOn(store: EventStore): LaneWork {
  return {
    append: async (streamId, events, options) => await store.append(streamId, events, options),
    commit: async (writes, options) => await store.commit(writes, options),
    follow: async (sighting) => await followUntil(store, sighting),
  }
}

const patienceMs = 5_000

async function followUntil(
  { log }: EventStore,
  { after, types, count, maxRecords }: Sighting,
): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  let [from, moved] = [after, performance.now()]
  while (seen.length < count && performance.now() < moved + patienceMs) {
    const { records, end } = await log.readBatch(from, { filter: { types }, maxRecords })
    seen.push(...records.map(({ id, position: { commit, index } }) => ({ id, commit, index })))
    if (end.commit === from.commit) await log.waitForMore(from, { timeoutMs: 200 })
    else moved = performance.now()
    from = end
  }
  return seen
}

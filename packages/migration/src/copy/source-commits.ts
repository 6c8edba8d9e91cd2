import type { EventStore, LogBatch, Position, StoredEvent } from '@millrace/contracts'

/** The events of one commit, in its order. */
export interface SourceCommit {
  readonly position: Position
  readonly events: readonly StoredEvent[]
}

/** Some whole commits, and where they end. */
export interface SourceBatch {
  readonly commits: readonly SourceCommit[]
  readonly end: Position
}

/** Which part of a log to read. */
export interface ReadingOptions {
  readonly after: Position
  /** The last commit to read. */
  readonly until: Position
  /** About so many events at a time. */
  readonly batchSize: number
  readonly signal?: AbortSignal | undefined
}

function commitsIn({ records }: LogBatch<StoredEvent>): readonly SourceCommit[] {
  const commits: { readonly position: Position; readonly events: StoredEvent[] }[] = []
  for (const event of records) {
    const { position } = event
    const last = commits.at(-1)
    if (last?.position.commit === position.commit) last.events.push(event)
    else commits.push({ position, events: [event] })
  }
  return commits
}

/** Reads a log in whole commits; the next batch is on its way while one is worked on. Ends where nothing more is there. */
export async function* readCommits(
  { log }: Pick<EventStore, 'log'>,
  { after, until, batchSize, signal }: ReadingOptions,
): AsyncGenerator<SourceBatch, void, void> {
  const read = async (from: Position): Promise<LogBatch<StoredEvent>> =>
    await log.readBatch(from, { maxRecords: batchSize, ...(signal === undefined ? {} : { signal }) })
  if (after.commit >= until.commit) return
  let reading = read(after)
  for (let at = after; ;) {
    const batch = await reading
    const commits = commitsIn(batch).filter(({ position }) => position.commit <= until.commit)
    const isLast = batch.end.commit >= until.commit || batch.end.commit === at.commit
    at = batch.end.commit > until.commit ? until : batch.end
    if (!isLast) {
      reading = read(at)
      // Whoever stops here does not wait for it.
      reading.catch(() => undefined)
    }
    yield { commits, end: at }
    if (isLast) return
  }
}

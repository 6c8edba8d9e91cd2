import type { EventLog, LogBatch, LogFilter, LogRecord, Position, StoredEvent } from '@millrace/contracts'

/** Everything an iteration yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** The events' data, decoded as JSON. */
export function dataOf(events: readonly StoredEvent[]): unknown[] {
  return events.map(({ payload }) => JSON.parse(String(payload)) as unknown)
}

/** Every batch from a position to the head. */
export async function batchesAfter<R extends LogRecord>(
  log: EventLog<R>,
  after: Position,
  options: { readonly maxRecords?: number; readonly filter?: LogFilter } = {},
): Promise<LogBatch<R>[]> {
  const batches: LogBatch<R>[] = []
  let from = after
  for (;;) {
    const batch = await log.readBatch(from, options)
    if (batch.end.commit === from.commit) return batches
    batches.push(batch)
    from = batch.end
  }
}

/** Every record from a position to the head. */
export async function recordsAfter<R extends LogRecord>(log: EventLog<R>, after: Position): Promise<R[]> {
  return (await batchesAfter(log, after)).flatMap(({ records }) => records)
}

import type { Position } from '../values/position.ts'
import type { EventLog, LogBatch, LogFilter, LogRecord } from './event-log.ts'

/** Options of {@link followLog}. */
export interface FollowOptions {
  /** Where to begin, exclusive. @defaultValue the head: only what comes from now on */
  readonly after?: Position
  /** @defaultValue 500 */
  readonly maxRecords?: number
  readonly filter?: LogFilter
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
}

const idleMs = 30_000

/**
 * A live subscription: yields batches of whole commits for ever, waiting at the head. Memory is bounded by one batch:
 * the next is read only when the consumer asks for it. Batches whose records were all filtered out are yielded too,
 * so that a checkpoint can move.
 */
export async function* followLog<R extends LogRecord>(
  log: EventLog<R>,
  options: FollowOptions = {},
): AsyncGenerator<LogBatch<R>, void, undefined> {
  const { signal, maxRecords, filter } = options
  const readOptions = {
    ...(maxRecords === undefined ? {} : { maxRecords }),
    ...(filter === undefined ? {} : { filter }),
    ...(signal === undefined ? {} : { signal }),
  }
  const stopped = (): boolean => signal?.aborted === true
  let after = options.after ?? (await log.head())
  try {
    while (!stopped()) {
      const batch = await log.readBatch(after, readOptions)
      if (batch.end.commit === after.commit) {
        await log.waitForMore(after, { timeoutMs: idleMs, ...(signal === undefined ? {} : { signal }) })
        continue
      }
      yield batch
      after = batch.end
    }
  } catch (error) {
    if (!stopped()) throw error
  }
}

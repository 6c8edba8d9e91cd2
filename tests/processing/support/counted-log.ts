import { ConnectionError } from '@millrace/contracts'
import type { EventLog, StoredEvent } from '@millrace/contracts'

/** A log whose readings are counted and can be made to fail. */
export interface CountedLog {
  readonly log: EventLog<StoredEvent>
  /** Readings of a batch so far. */
  readonly readings: () => number
  /** Makes the next readings fail; how many did. */
  readonly breakFor: (times: number) => () => number
  /** Makes the next readings of a single record fail; how many did. */
  readonly breakRecordsFor: (times: number) => () => number
}

/** The same log, watched. */
export function countedLog(log: EventLog<StoredEvent>): CountedLog {
  let [readings, broken, failed] = [0, 0, 0]
  let [brokenRecords, failedRecords] = [0, 0]
  const watched: EventLog<StoredEvent> = {
    name: log.name,
    beginning: () => log.beginning(),
    head: () => log.head(),
    readBatch: async (after, options) => {
      readings++
      if (broken > 0) {
        broken--
        failed++
        throw new ConnectionError('the log is away')
      }
      return await log.readBatch(after, options)
    },
    readAt: async (position) => {
      if (brokenRecords > 0) {
        brokenRecords--
        failedRecords++
        throw new ConnectionError('the log is away')
      }
      return await log.readAt(position)
    },
    waitForMore: (after, options) => log.waitForMore(after, options),
    lag: (after) => log.lag(after),
  }
  return {
    log: watched,
    readings: () => readings,
    breakFor: (times) => {
      broken = times
      failed = 0
      return () => failed
    },
    breakRecordsFor: (times) => {
      brokenRecords = times
      failedRecords = 0
      return () => failedRecords
    },
  }
}

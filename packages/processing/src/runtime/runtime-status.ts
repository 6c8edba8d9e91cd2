import { comparePositions, formatPosition } from '@millrace/contracts'
import type { EventLog, PartitionStatus, Position, StoredEvent } from '@millrace/contracts'

import type { PartitionRunner, PartitionView } from '../partition/partition-runner.ts'
import type { PartitionState } from './facts.ts'

/** One partition: what the store knows, and what this process does with it. */
export interface PartitionReport {
  readonly processor: string
  readonly partition: number
  readonly log: string
  /** In this process. */
  readonly state: PartitionState
  /** The process that holds the lease; undefined while nobody does. */
  readonly owner: string | undefined
  readonly epoch: number
  /** Everything up to here is handled. */
  readonly checkpoint: Position
  /** Events after the checkpoint, and the age of the oldest of them in seconds; both 0 at the head. */
  readonly lag: { readonly events: number; readonly seconds: number }
  readonly recordsHandled: number
  /** Redacted; the last one, also when things go well since. */
  readonly lastError: string | undefined
  /** Attempts under way in this process. */
  readonly inFlight: number
  /** Deliveries not ended yet. */
  readonly openDeliveries: number
  /** Age of the oldest of them in seconds; 0 where there is none. */
  readonly backlogSeconds: number
  readonly parkedRecords: number
  /** Passed over by `skipUpcastErrors`, since this process owns the partition. */
  readonly skippedRecords: number
  readonly deadLetters: number
}

type Lag = PartitionReport['lag']

async function lagOf(log: EventLog<StoredEvent>, checkpoint: Position, now: number): Promise<Lag> {
  const { records, oldest } = await log.lag(checkpoint)
  return { events: records, seconds: oldest === undefined ? 0 : Math.max(0, now - oldest.getTime()) / 1000 }
}

/** The later of what is stored and what this owner has passed over since. */
function checkpointOf(stored: Position, view: PartitionView): Position {
  const { position } = view
  return position !== undefined && comparePositions(position, stored) > 0 ? position : stored
}

/** Joins the store's view of its partitions with this process's; one look at the log for each distinct checkpoint. */
export async function reportPartitions(
  log: EventLog<StoredEvent>,
  stored: readonly PartitionStatus[],
  options: { readonly runners: readonly PartitionRunner[]; readonly now: number },
): Promise<readonly PartitionReport[]> {
  const { runners, now } = options
  const lags = new Map<string, Promise<Lag>>()
  const lagAt = (checkpoint: Position): Promise<Lag> => {
    const key = formatPosition(checkpoint)
    const lag = lags.get(key) ?? lagOf(log, checkpoint, now)
    lags.set(key, lag)
    return lag
  }
  const known = stored.flatMap((status) => {
    const runner = runners.find(
      (each) => each.processor === status.processor && each.partition === status.partition,
    )
    return runner === undefined ? [] : [{ status, view: runner.view }]
  })
  return await Promise.all(
    known.map(async ({ status, view }) => {
      const checkpoint = checkpointOf(status.checkpoint, view)
      return {
        processor: status.processor,
        partition: status.partition,
        log: status.log,
        state: view.state,
        owner: status.owner,
        epoch: status.epoch,
        checkpoint,
        lag: await lagAt(checkpoint),
        recordsHandled: status.recordsHandled,
        lastError: view.lastError ?? status.lastError,
        inFlight: view.inFlight,
        openDeliveries: status.openDeliveries,
        backlogSeconds: status.backlogAgeMs / 1000,
        parkedRecords: status.parkedRecords,
        skippedRecords: view.skipped,
        deadLetters: status.deadLetters,
      }
    }),
  )
}

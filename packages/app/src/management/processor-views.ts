import { formatPosition } from '@millrace/contracts'
import type { EventLog, PartitionStatus, Position, StoredEvent } from '@millrace/contracts'
import type { PartitionReport } from '@millrace/processing'

import type { LagView, PartitionView, ProcessorView } from './views.ts'

const none: LagView = { records: 0, seconds: 0 }

/** True for a checkpoint in a log whose place this one has taken: whoever has it never goes on. */
function isOfThePast({ formerGenerations = [] }: EventLog<StoredEvent>, { generation }: Position): boolean {
  return formerGenerations.includes(generation)
}

/** Of a processor of the past only what still waits for somebody. */
function isShown(
  { deadLetters, parkedRecords, openDeliveries, checkpoint }: PartitionStatus,
  log: EventLog<StoredEvent>,
): boolean {
  return deadLetters + parkedRecords + openDeliveries > 0 || !isOfThePast(log, checkpoint)
}

/** Measures lags, each distinct checkpoint once. */
class LagMeter {
  readonly #log: EventLog<StoredEvent>
  readonly #known = new Map<string, Promise<LagView>>()

  constructor(log: EventLog<StoredEvent>) {
    this.#log = log
  }

  measure(checkpoint: Position): Promise<LagView> {
    const key = formatPosition(checkpoint)
    const known = this.#known.get(key) ?? this.#read(checkpoint)
    this.#known.set(key, known)
    return known
  }

  async #read(checkpoint: Position): Promise<LagView> {
    if (isOfThePast(this.#log, checkpoint)) return none
    const { records, oldest } = await this.#log.lag(checkpoint)
    const ageMs = oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.getTime())
    return { records, seconds: ageMs / 1000 }
  }
}

/** A partition as stored, and as this process runs it. */
interface Partition {
  readonly status: PartitionStatus
  readonly report: PartitionReport | undefined
}

/** What runs here has passed over records that were none of its own, and knows it before the store does. */
async function partitionView({ status, report }: Partition, meter: LagMeter): Promise<PartitionView> {
  const lag =
    report === undefined
      ? await meter.measure(status.checkpoint)
      : { records: report.lag.events, seconds: report.lag.seconds }
  return {
    partition: status.partition,
    checkpoint: formatPosition(report?.checkpoint ?? status.checkpoint),
    epoch: status.epoch,
    owner: status.owner ?? null,
    lag,
    recordsHandled: status.recordsHandled,
    openDeliveries: status.openDeliveries,
    deadLetters: status.deadLetters,
    parkedRecords: status.parkedRecords,
    lastError: report?.lastError ?? status.lastError ?? null,
    updatedAt: status.updatedAt.toISOString(),
  }
}

function stateOf(partitions: readonly Partition[]): ProcessorView['state'] {
  if (partitions.some(({ status }) => status.paused)) return 'paused'
  if (partitions.some(({ report }) => report?.state === 'failing')) return 'failing'
  return partitions.every(({ status }) => status.owner !== undefined) ? 'running' : 'stopped'
}

function sumUp(
  partitions: readonly PartitionView[],
): Omit<ProcessorView, 'name' | 'log' | 'state' | 'heldKeys'> {
  const sum = (field: 'recordsHandled' | 'openDeliveries' | 'deadLetters' | 'parkedRecords'): number =>
    partitions.reduce((total, partition) => total + partition[field], 0)
  return {
    lag: {
      records: Math.max(...partitions.map(({ lag }) => lag.records)),
      seconds: Math.max(...partitions.map(({ lag }) => lag.seconds)),
    },
    recordsHandled: sum('recordsHandled'),
    openDeliveries: sum('openDeliveries'),
    deadLetters: sum('deadLetters'),
    parkedRecords: sum('parkedRecords'),
    lastError: partitions.find(({ lastError }) => lastError !== null)?.lastError ?? null,
    partitions,
  }
}

/** The logs of an app: that of the events, and that of the changes of rows. */
export interface AppLogs {
  readonly events: EventLog<StoredEvent>
  readonly changes?: EventLog<StoredEvent> | undefined
}

/** Partitions as stored and as this process runs them, grouped by processor, with the lag of each in the log it reads. */
export async function processorViews(
  { events, changes }: AppLogs,
  stored: readonly PartitionStatus[],
  reports: readonly PartitionReport[],
): Promise<readonly ProcessorView[]> {
  const [ofEvents, ofChanges] = [new LagMeter(events), new LagMeter(changes ?? events)]
  const isOfChanges = ({ log }: PartitionStatus): boolean => log === changes?.name
  const partitions = stored
    .filter((status) => isOfChanges(status) || isShown(status, events))
    .toSorted((a, b) => a.partition - b.partition)
    .map((status) => ({
      status,
      report: reports.find((one) => one.processor === status.processor && one.partition === status.partition),
    }))
  const groups = [...Map.groupBy(partitions, ({ status }) => status.processor)]
  return Promise.all(
    groups.map(async ([name, group]) => ({
      name,
      log: group[0]?.status.log ?? '',
      state: stateOf(group),
      ...sumUp(
        await Promise.all(
          group.map((partition) =>
            partitionView(partition, isOfChanges(partition.status) ? ofChanges : ofEvents),
          ),
        ),
      ),
    })),
  )
}

import { bucketCount, parsePosition, formatPosition } from '@millrace/contracts'
import type { Position } from '@millrace/contracts'

/** What a processor's key holds. */
export interface ProcessorRecord {
  readonly processor: string
  /** Fixed, as are the next two. */
  readonly log: string
  readonly partitions: number
  /** Where partitions without a key of their own stand. */
  readonly start: Position
  readonly paused: boolean
  /** Who paused or resumed it last. */
  readonly pausedBy: string | undefined
}

/** What a partition's key holds: lease, epoch and checkpoint together, so that whatever changes one guards the others. */
export interface PartitionRecord {
  /** 0 before the first lease. */
  readonly epoch: number
  /** Undefined where the lease was given back. */
  readonly owner: string | undefined
  /** Milliseconds the lease lasts from the time of the message that holds this record. */
  readonly ttlMs: number
  readonly checkpoint: Position
  readonly recordsHandled: number
  readonly lastError: string | undefined
}

/** How a record is written and read. */
export interface RecordFormat<Value> {
  readonly format: (value: Value) => string
  /** Undefined for what this release cannot read. */
  readonly parse: (text: string) => Value | undefined
}

const version = 1

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(text: string): Fields | undefined {
  try {
    const fields = JSON.parse(text) as unknown
    const isObject = typeof fields === 'object' && fields !== null && !Array.isArray(fields)
    return isObject && (fields as Fields)['version'] === version ? (fields as Fields) : undefined
  } catch {
    return undefined
  }
}

function positionIn(text: unknown): Position | undefined {
  try {
    return typeof text === 'string' ? parsePosition(text) : undefined
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isOptionalText = (value: unknown): value is string | undefined => value === undefined || isText(value)

function formatProcessor({ processor, log, partitions, start, paused, pausedBy }: ProcessorRecord): string {
  return JSON.stringify({
    version,
    processor,
    log,
    partitions,
    start: formatPosition(start),
    paused,
    pausedBy,
  })
}

function parseProcessor(text: string): ProcessorRecord | undefined {
  const { processor, log, partitions, start: startText, paused, pausedBy } = fieldsOf(text) ?? {}
  const start = positionIn(startText)
  if (!isText(processor) || !isText(log) || !isCount(partitions) || start === undefined) return undefined
  if (partitions < 1 || partitions > bucketCount) return undefined
  if (typeof paused !== 'boolean' || !isOptionalText(pausedBy)) return undefined
  return { processor, log, partitions, start, paused, pausedBy }
}

function formatPartition(record: PartitionRecord): string {
  const { epoch, owner, ttlMs, checkpoint, recordsHandled, lastError } = record
  return JSON.stringify({
    version,
    epoch,
    owner,
    ttlMs,
    checkpoint: formatPosition(checkpoint),
    recordsHandled,
    lastError,
  })
}

function parsePartition(text: string): PartitionRecord | undefined {
  const { epoch, owner, ttlMs, checkpoint: place, recordsHandled, lastError } = fieldsOf(text) ?? {}
  const checkpoint = positionIn(place)
  if (!isCount(epoch) || !isOptionalText(owner) || typeof ttlMs !== 'number' || !(ttlMs >= 0))
    return undefined
  if (checkpoint === undefined || !isCount(recordsHandled) || !isOptionalText(lastError)) return undefined
  return { epoch, owner, ttlMs, checkpoint, recordsHandled, lastError }
}

/** Of the keys `processor.<name>`. */
export const processorFormat: RecordFormat<ProcessorRecord> = {
  format: formatProcessor,
  parse: parseProcessor,
}

/** Of the keys `partition.<name>.<number>`. */
export const partitionFormat: RecordFormat<PartitionRecord> = {
  format: formatPartition,
  parse: parsePartition,
}

/** Where a partition stands that has no key yet. */
export function firstRecord(start: Position): PartitionRecord {
  return {
    epoch: 0,
    owner: undefined,
    ttlMs: 0,
    checkpoint: start,
    recordsHandled: 0,
    lastError: undefined,
  }
}

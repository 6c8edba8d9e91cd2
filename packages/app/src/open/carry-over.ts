import type { EventLog, ProcessorStore, RecordPlace, StoredEvent } from '@millrace/contracts'

import type { KnownCheckpoints } from './same-log.ts'

type Log = EventLog<StoredEvent>

/** The record in the log that was migrated: commits have kept their order, and the first part of a split the event's id. */
async function recordIn(log: Log, { position, recordId }: RecordPlace): Promise<RecordPlace | undefined> {
  const there = await log.translate?.(position)
  if (there === undefined || there.commit === 0) return undefined
  const before = { ...there, commit: there.commit - 1 }
  const { records } = await log.readBatch(before, { maxRecords: 1 })
  const [id, part = '0'] = recordId.split('#')
  const first = records.findIndex((record) => record.id === id)
  const record = first < 0 ? undefined : records[first + Number(part)]
  return record === undefined ? undefined : { position: record.position, recordId: record.id }
}

/** Takes the app's processors along where their log was migrated: they go on behind what they have handled. */
export async function carryProcessorsOver(
  known: KnownCheckpoints,
  log: Log,
  processors: ProcessorStore,
): Promise<void> {
  const { formerGenerations = [] } = log
  if (!known.some(({ checkpoint }) => formerGenerations.includes(checkpoint.generation))) return
  await processors.carryOver?.({
    formerGenerations,
    checkpoint: async (former) => await log.translate?.(former),
    record: async (former) => await recordIn(log, former),
  })
}

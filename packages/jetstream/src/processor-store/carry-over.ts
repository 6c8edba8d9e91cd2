import type { CarryOver } from '@millrace/contracts'

import type { PartitionRecord, ProcessorRecord } from './records.ts'
import type { Decision, Entry } from './stored-key.ts'

const kept = { kind: 'keep', result: undefined } as const

/** A partition's checkpoint in the log that took the place of its own. Written, it lets a lease begin anew: its holder finds out by its next step. */
export async function carriedPartition(
  { formerGenerations, checkpoint: placeOf }: CarryOver,
  { value }: Entry<PartitionRecord>,
): Promise<Decision<PartitionRecord, void>> {
  if (value === undefined || !formerGenerations.includes(value.checkpoint.generation)) return kept
  const checkpoint = await placeOf(value.checkpoint)
  if (checkpoint === undefined) return kept
  return { kind: 'write', value: { ...value, checkpoint }, result: undefined }
}

/** Where partitions without a key of their own stand, in the log that took the place of theirs. */
export async function carriedProcessor(
  { formerGenerations, checkpoint: placeOf }: CarryOver,
  { value }: Entry<ProcessorRecord>,
): Promise<Decision<ProcessorRecord, void>> {
  if (value === undefined || !formerGenerations.includes(value.start.generation)) return kept
  const start = await placeOf(value.start)
  return start === undefined ? kept : { kind: 'write', value: { ...value, start }, result: undefined }
}

import { checkText, checkWhole, LogReplacedError } from '@millrace/contracts'
import type { Advance, AdvanceReceipt, Lease } from '@millrace/contracts'

import { moveCheckpoint } from './checkpoint.ts'
import { commitAs } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { openDeliveries, startedBefore } from './new-deliveries.ts'
import { park, unpark } from './parking.ts'

/** @throws {@link InvalidValueError} naming the field */
export function checkAdvance({ checkpoint, records, deliveries, parked }: Advance): void {
  checkText('advance.checkpoint.generation', checkpoint.generation)
  checkWhole('advance.checkpoint.commit', checkpoint.commit, { min: 0 })
  checkWhole('advance.records', records, { min: 0 })
  for (const { id, action, recordId, position, key, maxAttempts } of deliveries) {
    if (position.generation !== checkpoint.generation)
      throw new LogReplacedError({ expected: position.generation, actual: checkpoint.generation })
    checkText('advance.deliveries.id', id)
    checkText('advance.deliveries.action', action)
    checkText('advance.deliveries.recordId', recordId)
    checkText('advance.deliveries.key', key)
    checkWhole('advance.deliveries.maxAttempts', maxAttempts, { min: 1, max: 1_000_000 })
  }
  for (const { recordId } of parked) checkText('advance.parked.recordId', recordId)
}

/** See `ProcessorStore.advance`. */
export async function advance(ledger: Ledger, lease: Lease, change: Advance): Promise<AdvanceReceipt> {
  checkAdvance(change)
  const { deliveries, unparked } = change
  return await commitAs(ledger, 'advance', async (tx) => {
    const reach = await moveCheckpoint(ledger, tx, lease, change)
    if (reach === undefined) return { started: await startedBefore(ledger, tx, lease, deliveries) }
    for (const { statement, values } of change.writes) await tx.execute(statement, values)
    const started = await openDeliveries(ledger, tx, lease, {
      generation: change.checkpoint.generation,
      deliveries,
      unparked,
      reach,
      afterWrites: change.writes.length > 0,
    })
    await unpark(ledger, tx, lease, unparked)
    await park(ledger, tx, lease, change.parked)
    return { started }
  })
}

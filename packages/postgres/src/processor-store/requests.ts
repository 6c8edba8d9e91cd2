import { checkText } from '@millrace/contracts'
import type { ProcessorRequests } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'
import { logAction } from './operator-log.ts'

const updatePaused = `update :schema.processors set paused = $2 where processor = $1`

const countRetry = `update :schema.processors set retries = retries + 1 where processor = $1`

const readRequests = `select processor, paused, retries from :schema.processors order by processor`

/** Lets the processor's runtime see that a retry was asked for. */
export async function noticeRetry(ledger: Ledger, tx: SqlTransaction, processor: string): Promise<void> {
  await tx.execute(ledger.sql(countRetry), [processor])
}

/** See `ProcessorStore.setPaused`. */
export async function setPaused(
  ledger: Ledger,
  processor: string,
  change: { readonly paused: boolean; readonly by: string },
): Promise<boolean> {
  checkText('by', change.by)
  return await ledger.database.transaction(async (tx) => {
    if ((await tx.execute(ledger.sql(updatePaused), [processor, change.paused])) === 0) return false
    await logAction(ledger, tx, {
      subject: processor,
      action: change.paused ? 'pause' : 'resume',
      by: change.by,
    })
    return true
  })
}

/** See `ProcessorStore.requests`. */
export async function readAllRequests(ledger: Ledger): Promise<readonly ProcessorRequests[]> {
  return await ledger.database.query<ProcessorRequests>(ledger.sql(readRequests))
}

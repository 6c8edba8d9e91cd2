import { checkText } from '@millrace/contracts'
import type { ProcessorRequests } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'
import { logAction } from './operator-log.ts'

const updatePaused = `update :schema.processors set paused = $2 where processor = $1`

const countRetry = `update :schema.processors set retries = retries + 1 where processor = $1`

// Who paused it is in the operator log, which is written with the pause; of a processor that runs it is not looked for.
const readRequests = `
  select processor, paused, retries, case when paused then (
    select operator from :schema.operator_actions
    where subject = processor and action = 'pause' order by seq desc limit 1
  ) end as paused_by
  from :schema.processors order by processor`

interface RequestRow extends Omit<ProcessorRequests, 'pausedBy'> {
  readonly paused_by: string | null
}

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
  const rows = await ledger.database.query<RequestRow>(ledger.sql(readRequests))
  return rows.map(({ paused_by: by, ...row }) => ({ ...row, pausedBy: by ?? undefined }))
}

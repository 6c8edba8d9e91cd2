import type { DeadLetterAction, DeadLetterHistoryOptions, OperatorAction, Page } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import type { Ledger } from './ledger.ts'
import { pageRequest, toPage } from './page-cursor.ts'

const insertAction = `insert into :schema.operator_actions (subject, action, operator) values ($1, $2, $3)`

const readOf = `
  select subject, action, operator, at from :schema.operator_actions where subject = any($1) order by seq`

// Of all that is logged only dead letters and parked records have a colon in their names.
// in:    seq to stay below, limit, id or null
const readNewest = `
  select seq, subject, action, operator, at from :schema.operator_actions
  where seq < $1 and action in ('retry', 'remove') and ($3::text is null or subject = $3) and subject like '%:%'
  order by seq desc limit $2`

/** What an operator did to what: a dead letter, a parked record or a processor. */
export interface OperatorEntry {
  readonly subject: string
  readonly action: 'retry' | 'remove' | 'pause' | 'resume' | 'rebuild' | 'cancel' | 'reset' | 'drop'
  readonly by: string
}

interface ActionRow {
  readonly subject: string
  readonly action: OperatorAction['action']
  readonly operator: string
  readonly at: Date
}

/** Keeps who did what, in the transaction that does it. */
export async function logAction(ledger: Ledger, tx: SqlTransaction, entry: OperatorEntry): Promise<void> {
  await tx.execute(ledger.sql(insertAction), [entry.subject, entry.action, entry.by])
}

/** What operators did to these dead letters and parked records, oldest first. */
export async function historiesOf(
  ledger: Ledger,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly OperatorAction[]>> {
  const histories = new Map<string, OperatorAction[]>()
  if (ids.length === 0) return histories
  const rows = await ledger.database.query<ActionRow>(ledger.sql(readOf), [ids])
  for (const { subject, action, operator, at } of rows) {
    const history = histories.get(subject) ?? []
    history.push({ action, by: operator, at })
    histories.set(subject, history)
  }
  return histories
}

/** What operators did to dead letters and parked records, newest first. */
export async function readActions(
  ledger: Ledger,
  options: DeadLetterHistoryOptions,
): Promise<Page<DeadLetterAction>> {
  const { after = Number.MAX_SAFE_INTEGER, limit } = pageRequest(options)
  const rows = await ledger.database.query<ActionRow & { readonly seq: number }>(ledger.sql(readNewest), [
    after,
    limit + 1,
    options.id ?? null,
  ])
  const item = ({ subject, action, operator, at }: ActionRow): DeadLetterAction => ({
    id: subject,
    action,
    by: operator,
    at,
  })
  return toPage(rows, { limit }, { item, seq: ({ seq }) => seq })
}

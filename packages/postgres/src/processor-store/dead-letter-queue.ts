import { checkText } from '@millrace/contracts'
import type {
  DeadLetter,
  DeadLetterAction,
  DeadLetterHistoryOptions,
  DeadLetterQueue,
  HeldKeys,
  HeldStreams,
  ListDeadLettersOptions,
  OperatorAction,
  Page,
  ParkedRecord,
} from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { boundsOf, ofRecord } from './delivery-lists.ts'
import { deliveryColumns, toAttempts, toPosition } from './delivery-rows.ts'
import { readHeldKeys } from './held-keys.ts'
import { readHeldStreams } from './held-streams.ts'
import type { Ledger } from './ledger.ts'
import { historiesOf, logAction, readActions } from './operator-log.ts'
import { pageRequest, toPage } from './page-cursor.ts'
import { toParkedRecord } from './parking.ts'
import type { ParkedRow } from './parking.ts'
import { toRecordCopy } from './record-copy.ts'
import { noticeRetry } from './requests.ts'

/** Of the copies of records, as they lie in the table: a page ends before it holds more than this. */
const maxPageBytes = 8_000_000

const letterPart = `
  select 'delivery' as kind, id, set_aside_seq, processor, partition, record_id, generation, position_commit,
    position_index, reason, record, set_aside_at, action, attempts, null::int as tries, null::boolean as retry_requested,
    null as held_stream, null::boolean as waiting
  from :schema.dead_letters`

const parkedPart = `
  select 'parked' as kind, id, set_aside_seq, processor, partition, record_id, generation, position_commit,
    position_index, reason, record, set_aside_at, null as action, null::jsonb as attempts, tries, retry_requested,
    held_stream, waiting
  from :schema.parked_records`

const readOne = `${letterPart} where id = $1 union all ${parkedPart} where id = $1`

const readOfRecord = `
  select * from (${letterPart} where ${ofRecord} union all ${parkedPart} where ${ofRecord}) set_aside
  order by set_aside_seq limit 1000`

// in:    seq to begin after, limit, bytes, and the processor and the action where one is asked for
const oldest =
  (condition: string) =>
  (part: string): string =>
    `(${part} where set_aside_seq > $1 ${condition} order by set_aside_seq limit $2)`

const page = (parts: readonly string[], condition: string): string => `
  select * from (
    select *, count(*) over () as found,
      sum(coalesce(pg_column_size(record), 0)) over (order by set_aside_seq) - coalesce(pg_column_size(record), 0)
        as bytes_before
    from (${parts.map(oldest(condition)).join(' union all ')}) set_aside
  ) measured
  where bytes_before < $3
  order by set_aside_seq limit $2`

const partsOf = { any: [letterPart, parkedPart], delivery: [letterPart], parked: [parkedPart] } as const

/** The statement of a page, and its values beside those every page has. No parked record has an action. */
function pageOf({ kind, processor, action }: ListDeadLettersOptions): {
  readonly statement: string
  readonly more: readonly string[]
} {
  const asked = Object.entries({ processor, action }).filter(([, value]) => value !== undefined)
  const conditions = asked.map(([column], index) => `and ${column} = $${index + 4}`).join(' ')
  const parts = partsOf[kind ?? (action === undefined ? 'any' : 'delivery')]
  return { statement: page(parts, conditions), more: asked.flatMap(([, value]) => value ?? []) }
}

// in:    id
// out:   its processor
// locks: the dead letter: a second retry or removal waits here and then finds nothing
const reopen = `
  with letter as (delete from :schema.dead_letters where id = $1 returning *),
  opened as (
    insert into :schema.deliveries
      (id, seq, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key,
       opened_at, attempts, record, record_subject, ordered, holds, attempts_left, state, in_flight, next_attempt_at)
    select id, seq, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key,
      opened_at, attempts, record, record_subject, holds, holds, 1, 'retrying', false, now()
    from letter
  )
  select processor from letter`

const askForRetry = `
  update :schema.parked_records set retry_requested = true where id = $1 and not retry_requested returning processor`

const isParked = `select id from :schema.parked_records where id = $1`

// Its identity stays known: a reset does not bring it back.
const removeLetter = `
  with letter as (delete from :schema.dead_letters where id = $1 returning *)
  insert into :schema.delivery_history (${deliveryColumns}, state, reason, attempts, ended_at)
  select ${deliveryColumns}, 'dead', reason, attempts, now() from letter
  returning processor`

const removeParked = `delete from :schema.parked_records where id = $1 returning processor`

interface LetterRow extends Omit<ParkedRow, 'record'> {
  readonly kind: 'delivery'
  readonly action: string
  readonly attempts: string
  readonly record: string | null
}

/** In a list, `found` counts the rows before the page was cut to its size. */
type SetAsideRow = (LetterRow | (ParkedRow & { readonly kind: 'parked' })) & { readonly found?: number }

interface SetAside {
  readonly seq: number
  readonly found: number | undefined
  readonly item: DeadLetter | ParkedRecord
}

function toDeadLetter(row: LetterRow, history: readonly OperatorAction[]): DeadLetter {
  return {
    kind: 'delivery',
    id: row.id,
    processor: row.processor,
    partition: row.partition,
    recordId: row.record_id,
    position: toPosition(row),
    action: row.action,
    reason: row.reason,
    record: row.record === null ? undefined : toRecordCopy(row.record),
    attempts: toAttempts(row.attempts),
    setAsideAt: row.set_aside_at,
    history,
  }
}

/**
 * Dead letters and parked records in SQL, listed in the order in which their numbers were drawn. An item whose
 * transaction commits after a page beyond its number was read is not on the pages that follow; it is on a list begun
 * anew. Nothing reads on from a kept cursor for ever, so that pages do not wait for transactions under way.
 */
export class SqlDeadLetterQueue implements DeadLetterQueue {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async list(options: ListDeadLettersOptions = {}): Promise<Page<DeadLetter | ParkedRecord>> {
    const { after = 0, limit } = pageRequest(options)
    if (options.kind === 'parked' && options.action !== undefined) return { items: [], next: undefined }
    const { statement, more } = pageOf(options)
    const rows = await this.#read(statement, [after, limit + 1, maxPageBytes, ...more])
    return toPage(rows, { limit, found: rows[0]?.found }, { item: ({ item }) => item, seq: ({ seq }) => seq })
  }

  async get(id: string): Promise<DeadLetter | ParkedRecord | undefined> {
    return (await this.#read(readOne, [id]))[0]?.item
  }

  async ofRecord(recordId: string): Promise<readonly (DeadLetter | ParkedRecord)[]> {
    return (await this.#read(readOfRecord, boundsOf(recordId))).map(({ item }) => item)
  }

  async history(options: DeadLetterHistoryOptions = {}): Promise<Page<DeadLetterAction>> {
    return await readActions(this.#ledger, options)
  }

  async held(processor: string, limit: number): Promise<HeldStreams> {
    return await readHeldStreams(this.#ledger, processor, limit)
  }

  async heldKeys(processor: string, limit: number): Promise<HeldKeys> {
    return await readHeldKeys(this.#ledger, processor, limit)
  }

  async retry(id: string, by: string): Promise<boolean> {
    checkText('by', by)
    return await this.#ledger.database.transaction(async (tx) => {
      const [asked] = [...(await this.#find(tx, reopen, id)), ...(await this.#find(tx, askForRetry, id))]
      if (asked === undefined) return (await this.#find(tx, isParked, id)).length > 0
      await noticeRetry(this.#ledger, tx, asked.processor)
      await logAction(this.#ledger, tx, { subject: id, action: 'retry', by })
      return true
    })
  }

  async remove(id: string, by: string): Promise<boolean> {
    checkText('by', by)
    return await this.#ledger.database.transaction(async (tx) => {
      const [removed] = [
        ...(await this.#find(tx, removeLetter, id)),
        ...(await this.#find(tx, removeParked, id)),
      ]
      if (removed === undefined) return false
      // What waited behind it may go on.
      await noticeRetry(this.#ledger, tx, removed.processor)
      await logAction(this.#ledger, tx, { subject: id, action: 'remove', by })
      return true
    })
  }

  async #read(statement: string, values: readonly unknown[]): Promise<readonly SetAside[]> {
    const rows = await this.#ledger.database.query<SetAsideRow>(this.#ledger.sql(statement), values)
    const histories = await historiesOf(
      this.#ledger,
      rows.map(({ id }) => id),
    )
    return rows.map((row) => {
      const history = histories.get(row.id) ?? []
      const item = row.kind === 'parked' ? toParkedRecord(row, history) : toDeadLetter(row, history)
      return { seq: row.set_aside_seq, found: row.found, item }
    })
  }

  async #find(
    tx: SqlTransaction,
    statement: string,
    id: string,
  ): Promise<readonly { readonly processor: string }[]> {
    return await tx.query(this.#ledger.sql(statement), [id])
  }
}

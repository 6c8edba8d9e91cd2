import { keyOf } from '@millrace/contracts'
import { defineProjection } from '@millrace/projections'

import { Book } from './book-events.ts'
import type { Entry } from './book-events.ts'

/** A line of an entry as it lies in the read model. Amounts are whole numbers of the smallest unit. */
export interface Posting {
  readonly book: string
  readonly number: number
  readonly line: number
  readonly date: string
  readonly text: string
  readonly account: string
  readonly currency: string
  readonly scale: number
  readonly debit: string
  readonly credit: string
  readonly customer: string | null
  readonly posted_at: string
}

/** The rows of an entry, one a line. */
export function postingsOf(book: string, entry: Entry): readonly Posting[] {
  const { number, date, text, lines, customer, at } = entry
  return lines.map(({ account, side, amount, currency, scale }, index) => ({
    book,
    number,
    line: index + 1,
    date,
    text,
    account,
    currency,
    scale,
    debit: side === 'debit' ? String(amount) : '0',
    credit: side === 'credit' ? String(amount) : '0',
    customer,
    posted_at: at,
  }))
}

const columns = `
  book text, number int, line int, date text, text text, account text, currency text, scale int,
  debit numeric, credit numeric, customer text, posted_at timestamptz`

const insert = `
insert into :postings
select * from json_to_recordset($1::json) as added(${columns})`

/** Every line of every entry, for questions about accounts: a statement, a balance on a day, the trial balance. */
export const postings = defineProjection({
  name: 'postings',
  version: 1,
  events: Book,
  tables: ['postings'],
  script: `
    create table :postings (${columns}, primary key (book, number, line));
    create index on :postings (book, account, number, line);
  `,
  apply: (batch, model) => {
    const rows = batch.flatMap((event) =>
      event.type === 'EntryPosted' ? postingsOf(keyOf(event.streamId), event.data) : [],
    )
    if (rows.length > 0) model.write(insert, [JSON.stringify(rows)])
  },
})

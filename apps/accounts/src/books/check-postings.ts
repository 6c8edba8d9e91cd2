import { createStreamId, decodeEvents } from '@millrace/contracts'
import type { EventDecoder, EventStore } from '@millrace/contracts'
import type { SqlSession } from '@millrace/postgres'

import { Book, bookCategory } from './book-events.ts'
import { postingsOf } from './postings.ts'
import type { Posting } from './postings.ts'

/** How the read model of a book compares with a fresh fold of its stream. */
export interface PostingsCheck {
  readonly equal: boolean
  readonly lines: number
  /** On one side only, at most 20. */
  readonly differences: readonly string[]
}

async function folded(store: EventStore, decode: EventDecoder, book: string): Promise<readonly Posting[]> {
  const rows: Posting[] = []
  for await (const envelope of decodeEvents(store.read(createStreamId(bookCategory, book)), decode)) {
    const event = Book.$.parse(envelope)
    if (event.type === 'EntryPosted') rows.push(...postingsOf(book, event.data))
  }
  return rows
}

async function kept(database: SqlSession, book: string): Promise<readonly Posting[]> {
  const rows = await database.query<Omit<Posting, 'posted_at'> & { posted_at: Date }>(
    `select book, number, line, date, text, account, currency, scale, debit::text as debit, credit::text as credit,
       customer, posted_at
     from postings where book = $1 order by number, line`,
    [book],
  )
  return rows.map((row) => ({ ...row, posted_at: row.posted_at.toISOString() }))
}

/** Member by member in one order, so that equal rows have equal texts. */
function textOf(row: object): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Folds a book's stream anew and compares every line with the read model. Costs a read of the stream. */
export async function checkPostings(
  {
    store,
    decode,
    database,
  }: { readonly store: EventStore; readonly decode: EventDecoder; readonly database: SqlSession },
  book: string,
): Promise<PostingsCheck> {
  const fresh = (await folded(store, decode, book)).map(textOf)
  const read = (await kept(database, book)).map(textOf)
  const differences = [
    ...[...new Set(fresh).difference(new Set(read))].map((row) => `only in the fold: ${row}`),
    ...[...new Set(read).difference(new Set(fresh))].map((row) => `only in the read model: ${row}`),
  ]
  const equal = differences.length === 0 && fresh.length === read.length
  return { equal, lines: fresh.length, differences: differences.slice(0, 20) }
}

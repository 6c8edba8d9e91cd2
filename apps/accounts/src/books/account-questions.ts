import type { SqlSession } from '@millrace/postgres'

/** An account of a book. */
export interface AccountName {
  readonly book: string
  readonly account: string
}

/** What was put on the two sides of an account, in its smallest unit. */
export interface Turnover {
  readonly debits: bigint
  readonly credits: bigint
}

interface TurnoverRow {
  readonly debits: string
  readonly credits: string
}

const sums = 'coalesce(sum(debit), 0)::text as debits, coalesce(sum(credit), 0)::text as credits'

async function turnover(
  database: SqlSession,
  condition: string,
  values: readonly unknown[],
): Promise<Turnover> {
  const text = `select ${sums} from postings where book = $1 and account = $2 and ${condition}`
  const [row] = await database.query<TurnoverRow>(text, values)
  return { debits: BigInt(row?.debits ?? 0), credits: BigInt(row?.credits ?? 0) }
}

/** What had been posted to an account by an instant: as the book stood then. Asked of the read model. */
export async function turnoverBy(
  database: SqlSession,
  { book, account }: AccountName,
  instant: Date,
): Promise<Turnover> {
  return await turnover(database, 'posted_at <= $3', [book, account, instant])
}

/** What counts for an account up to a day, whenever it was posted: as the book stands now. Asked of the read model. */
export async function turnoverUntil(
  database: SqlSession,
  { book, account }: AccountName,
  day: string,
): Promise<Turnover> {
  return await turnover(database, 'date <= $3', [book, account, day])
}

/** The sums of a currency over a book's read model. */
export interface PostedTotals extends Turnover {
  readonly currency: string
  readonly lines: number
}

/** The trial balance of a book as its read model has it, in the order of the currencies; one statement sees one state. */
export async function postedTotals(database: SqlSession, book: string): Promise<readonly PostedTotals[]> {
  const text = `
select currency, count(*)::int as lines, ${sums} from postings where book = $1 group by currency order by currency`
  const rows = await database.query<TurnoverRow & { currency: string; lines: number }>(text, [book])
  return rows.map(({ currency, lines, debits, credits }) => ({
    currency,
    lines,
    debits: BigInt(debits),
    credits: BigInt(credits),
  }))
}

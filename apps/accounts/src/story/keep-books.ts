import { bookCommand, credit, debit } from '../books/book-commands.ts'
import type { PostedLine } from '../books/book-commands.ts'
import { isBalanced, trialBalance } from '../books/trial-balance.ts'
import { openChart } from './chart.ts'
import type { Scene } from './scene.ts'
import { accepted, money, told } from './told.ts'

/** An entry on a day, posted at its noon unless said otherwise. */
function entry(day: string, text: string, lines: PostedLine[], at = `${day}T12:00:00.000Z`) {
  return bookCommand({ type: 'postEntry', date: day, text, lines, at })
}

/** Accounts, entries in two currencies, and what is refused. */
export async function keepBooks({ books, id, say }: Scene): Promise<void> {
  const book = id('shop')
  const opened = accepted(await books.handle(book, openChart('2025-09-01T08:00:00.000Z')))
  say(`${opened.events.length} accounts opened in one commit`)
  const post = async (what: string, command: ReturnType<typeof entry>): Promise<void> =>
    say(told(what, await books.handle(book, command)))
  await post(
    'capital paid in',
    entry('2025-09-01', 'capital', [debit('1010-BANK', '20000'), credit('3000-CAPITAL', '20000')]),
  )
  await post(
    'one cent missing',
    entry('2025-09-02', 'rent', [debit('5000-RENT', '800.00'), credit('1010-BANK', '799.99')]),
  )
  await post(
    'a tenth of a cent',
    entry('2025-09-02', 'rent', [debit('5000-RENT', '0.001'), credit('1010-BANK', '0.001')]),
  )
  await post(
    'no such account',
    entry('2025-09-02', 'rent', [debit('5100-LIGHT', '80'), credit('1010-BANK', '80')]),
  )
  await post(
    'dollars bought',
    entry('2025-09-03', 'dollars', [
      debit('3900-EXCHANGE-EUR', '1000'),
      credit('1010-BANK', '1000'),
      debit('1011-BANK-USD', '1163.20'),
      credit('3901-EXCHANGE-USD', '1163.20'),
    ]),
  )
  const october = bookCommand({ type: 'closePeriod', period: '2025-09', at: '2025-10-01T08:00:00.000Z' })
  say(told('September closed', await books.handle(book, october)))
  const late = entry(
    '2025-09-30',
    'rent',
    [debit('5000-RENT', '800'), credit('1010-BANK', '800')],
    '2025-10-02T12:00:00.000Z',
  )
  await post('rent of September, late', late)
  await showTrialBalance({ books, say }, book)
}

/** Debits against credits, currency by currency. */
async function showTrialBalance({ books, say }: Pick<Scene, 'books' | 'say'>, book: string): Promise<void> {
  const totals = trialBalance((await books.load(book)).state)
  for (const each of totals) {
    const difference = money(each.debits - each.credits, each)
    say(
      `trial balance: ${money(each.debits, each)} against ${money(each.credits, each)}, difference ${difference}`,
    )
  }
  if (!isBalanced(totals)) throw new Error('the trial balance is not zero')
}

import { createStreamId } from '@millrace/contracts'

import { bookCommand, credit, debit } from '../books/book-commands.ts'
import type { BookCommand } from '../books/book-commands.ts'
import { bookCategory } from '../books/book-events.ts'
import { bookSnapshots } from '../books/book-snapshots.ts'
import { formatDecimal } from '../money/decimal.ts'
import type { Scene } from './scene.ts'
import { accepted } from './told.ts'

/** Entries in October, fourteen a day. */
const entries = 420
const aDay = 14
/** In one commit. */
const together = 20
const customers = ['ada', 'grace', 'edsger'] as const

/** What the sale of a number is about: different amounts, the same every time. */
function saleOf(number: number, id: Scene['id']): BookCommand {
  const day = `2025-10-${String(2 + Math.floor(number / aDay)).padStart(2, '0')}`
  const minutes = String(number % aDay).padStart(2, '0')
  const amount = formatDecimal(BigInt(500 + ((number * 7919) % 20_000)), 2)
  const account = number % 3 === 0 ? '1010-BANK' : '1000-CASH'
  return bookCommand({
    type: 'postEntry',
    date: day,
    text: `sale ${number + 1}`,
    lines: [debit(account, amount), credit('4000-SALES', amount)],
    customer: id(customers[number % customers.length] ?? 'ada'),
    at: `${day}T10:${minutes}:00.000Z`,
  })
}

/** A month of sales, and what it leaves behind. */
export async function trade({ books, projections, snapshots, id, say }: Scene): Promise<void> {
  const book = id('shop')
  const kept = snapshots.of(bookSnapshots)
  let last
  for (let first = 0; first < entries; first += together) {
    const sales = Array.from({ length: together }, (_, index) => saleOf(first + index, id))
    last = accepted(await books.handle(book, sales))
    // Saved in the background, and one at a time: who goes on at once may be past the next hundred before that.
    await kept.settled()
  }
  if (last?.position !== undefined) await projections.reached('postings', last.position)
  say(`${entries} sales in ${entries / together} commits, version ${last?.version ?? 0}`)
  const saved = await snapshots.store.list(createStreamId(bookCategory, book))
  const versions = saved.map(({ version }) => version).toSorted((a, b) => a - b)
  say(`its state was saved at versions ${versions.join(', ')}`)
}

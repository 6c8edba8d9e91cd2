import { turnoverBy, turnoverUntil } from '../books/account-questions.ts'
import { bookCommand, credit, debit } from '../books/book-commands.ts'
import { accountOf, balanceOf } from '../books/book-state.ts'
import { stockLevelBy } from '../stock/stock-levels.ts'
import { reservedOf } from '../stock/stock-state.ts'
import { endOfDay } from '../values/instants.ts'
import type { Scene } from './scene.ts'
import { accepted, money } from './told.ts'

const account = '1000-CASH'
const day = '2025-10-15'
const euros = { currency: 'EUR', scale: 2 }

function agreement(same: boolean): string {
  return same ? 'they agree' : 'they do not agree'
}

/** What an account held on a day, asked in two ways that share nothing but the events. */
async function heldOn({ books, database, id }: Scene): Promise<{ folded: bigint; read: bigint }> {
  const { state } = await books.stateAt(id('shop'), endOfDay(day))
  const held = accountOf(state, account)
  const { debits, credits } = await turnoverBy(database, { book: id('shop'), account }, endOfDay(day))
  return { folded: held === undefined ? 0n : balanceOf(held), read: debits - credits }
}

/** What was so on a day that is past: by folding its events, and by the read model. */
export async function onADay(scene: Scene): Promise<void> {
  const { items, database, id, say } = scene
  const { folded, read } = await heldOn(scene)
  say(`${account} on ${day}`)
  say(`  by stateAt    ${money(folded, euros)}`)
  say(`  by projection ${money(read, euros)}, ${agreement(folded === read)}`)
  const sku = id('SKU-1234')
  const { state } = await items.stateAt(sku, endOfDay(day))
  const level = await stockLevelBy(database, sku, endOfDay(day))
  say(`SKU-1234 on ${day}`)
  say(`  by stateAt    ${state.onHand} on hand, ${reservedOf(state)} promised`)
  const agree = agreement(state.onHand === level.onHand && reservedOf(state) === level.reserved)
  say(`  by projection ${level.onHand} on hand, ${level.reserved} promised, ${agree}`)
}

/** A receipt that turns up weeks later: the book of that day does not change, what counts for the day does. */
export async function lateReceipt(scene: Scene): Promise<void> {
  const { books, projections, database, id, say } = scene
  const book = id('shop')
  const before = await heldOn(scene)
  const late = bookCommand({
    type: 'postEntry',
    date: '2025-10-15',
    text: 'a receipt found in November',
    lines: [debit('5000-RENT', '40'), credit(account, '40')],
    at: '2025-11-12T09:00:00.000Z',
  })
  const { position } = accepted(await books.handle(book, late))
  if (position !== undefined) await projections.reached('postings', position)
  const after = await heldOn(scene)
  const counts = await turnoverUntil(database, { book, account }, day)
  say(`posted on 2025-11-12 for ${day}: 40.00 EUR out of ${account}`)
  say(
    `as the book stood that day: ${money(after.folded, euros)}, ${agreement(before.folded === after.folded && after.read === after.folded)}`,
  )
  say(`as it counts for that day:  ${money(counts.debits - counts.credits, euros)}`)
}

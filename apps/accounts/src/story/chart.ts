import { bookCommand } from '../books/book-commands.ts'
import type { BookCommand } from '../books/book-commands.ts'
import type { AccountKind } from '../books/book-events.ts'

const chart: readonly (readonly [account: string, name: string, kind: AccountKind, currency: string])[] = [
  ['1000-CASH', 'Cash', 'asset', 'EUR'],
  ['1010-BANK', 'Bank', 'asset', 'EUR'],
  ['1011-BANK-USD', 'Bank in dollars', 'asset', 'USD'],
  ['1400-STOCK', 'Goods', 'asset', 'EUR'],
  ['2000-SUPPLIERS', 'Suppliers', 'liability', 'EUR'],
  ['3000-CAPITAL', 'Capital', 'equity', 'EUR'],
  ['3900-EXCHANGE-EUR', 'Exchange, euros', 'equity', 'EUR'],
  ['3901-EXCHANGE-USD', 'Exchange, dollars', 'equity', 'USD'],
  ['4000-SALES', 'Sales', 'income', 'EUR'],
  ['5000-RENT', 'Rent', 'expense', 'EUR'],
]

/** The commands that open the accounts of the story's shop. */
export function openChart(at: string): readonly BookCommand[] {
  return chart.map(([account, name, kind, currency]) =>
    bookCommand({ type: 'openAccount', account, name, kind, currency, at }),
  )
}

import type { App } from '@millrace/app'

import { bookSnapshots } from './books/book-snapshots.ts'
import { openStatement } from './books/statement.ts'
import type { Statement } from './books/statement.ts'
import { openBooks, openCustomers, openItems } from './open-accounts.ts'
import type { Books, Customers, Items } from './open-accounts.ts'
import { stockSnapshots } from './stock/stock-snapshots.ts'

/** What an open app is used with. */
export interface Accounts extends Pick<
  App,
  'store' | 'decode' | 'database' | 'projections' | 'snapshots' | 'privacy' | 'chain'
> {
  readonly books: Books
  readonly items: Items
  readonly customers: Customers
  readonly statement: Statement
}

/** Binds rules and questions to an open app. */
export function accountsOf(app: App): Accounts {
  const { store, decode, database, cursors, projections, snapshots, privacy, chain } = app
  return {
    store,
    decode,
    database,
    projections,
    snapshots,
    privacy,
    chain,
    books: openBooks(store, snapshots.of(bookSnapshots)),
    items: openItems(store, snapshots.of(stockSnapshots)),
    customers: openCustomers(store, privacy === undefined ? {} : { decrypt: privacy.decrypt }),
    statement: openStatement({ database, cursors }),
  }
}

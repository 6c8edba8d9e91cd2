import { createAggregates } from '@millrace/aggregates'
import type { Aggregates, AggregatesOptions } from '@millrace/aggregates'
import type { EventDecoderOptions, EventStore } from '@millrace/contracts'

import type { BookCommand } from './books/book-commands.ts'
import { bookDecider } from './books/book-decider.ts'
import { bookCategory } from './books/book-events.ts'
import type { Book } from './books/book-events.ts'
import type { BookState } from './books/book-state.ts'
import { customerDecider } from './customers/customer-decider.ts'
import type { CustomerCommand, CustomerState } from './customers/customer-decider.ts'
import { customerCategory } from './customers/customer-events.ts'
import type { Customer } from './customers/customer-events.ts'
import type { StockCommand } from './stock/stock-commands.ts'
import { stockDecider } from './stock/stock-decider.ts'
import { stockCategory } from './stock/stock-events.ts'
import type { Stock } from './stock/stock-events.ts'
import type { StockState } from './stock/stock-state.ts'

type BookCommands = BookCommand | readonly BookCommand[]
type StockCommands = StockCommand | readonly StockCommand[]

/** All books of a store. */
export type Books = Aggregates<BookState, BookCommands, typeof Book>
/** All items in stock. */
export type Items = Aggregates<StockState, StockCommands, typeof Stock>
/** All customers. */
export type Customers = Aggregates<CustomerState, CustomerCommand, typeof Customer>

type BookSnapshots = NonNullable<AggregatesOptions<BookState, BookCommands, typeof Book>['snapshots']>
type StockSnapshots = NonNullable<AggregatesOptions<StockState, StockCommands, typeof Stock>['snapshots']>

/** Binds the rules of books to their streams. */
export function openBooks(store: EventStore, snapshots?: BookSnapshots): Books {
  const kept = snapshots === undefined ? {} : { snapshots }
  return createAggregates({ store, category: bookCategory, decider: bookDecider, ...kept })
}

/** Binds the rules of items in stock to their streams. */
export function openItems(store: EventStore, snapshots?: StockSnapshots): Items {
  const kept = snapshots === undefined ? {} : { snapshots }
  return createAggregates({ store, category: stockCategory, decider: stockDecider, ...kept })
}

/** Binds the rules of customers to their streams. What is personal there can be read with what decrypts it only. */
export function openCustomers(store: EventStore, decoding: EventDecoderOptions = {}): Customers {
  return createAggregates({ store, category: customerCategory, decider: customerDecider, decoding })
}

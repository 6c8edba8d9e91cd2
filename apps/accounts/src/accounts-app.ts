import { defineApp } from '@millrace/app'
import type { AppDefinition, Environment } from '@millrace/app'

import { bookSnapshots } from './books/book-snapshots.ts'
import { postings } from './books/postings.ts'
import { customerList } from './customers/customer-list.ts'
import { customerPrivacy } from './customers/customer-privacy.ts'
import { stockMovements } from './stock/stock-levels.ts'
import { stockSnapshots } from './stock/stock-snapshots.ts'

/**
 * Books, stock and customers. They have a data folder and a stream of their own, beside those of other apps in the same
 * place.
 *
 * @param env may hold the master keys of customers' data, `MILLRACE_MASTER_KEYS`
 */
export function defineAccounts(env: Environment = process.env): AppDefinition {
  return defineApp({
    name: 'accounts',
    projections: [postings, stockMovements, customerList],
    privacy: (context) => customerPrivacy(context, env),
    snapshots: [bookSnapshots, stockSnapshots],
    settings: { dataDir: '.millrace/accounts', natsStream: 'accounts' },
  })
}

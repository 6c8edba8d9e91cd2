import type { LookupSource } from '@millrace/observers'
import type { SqlSession } from '@millrace/postgres'

import { customerRow } from './rows.ts'
import type { CustomerRow } from './rows.ts'

// Of the order's own shop: a key alone would find another shop's customer.
const statement = 'select shop, id, name, email from customers where shop = $1 and id = $2'

/** Reads a customer for a rule. What is found goes through the app's cache. */
export function findCustomer(database: SqlSession): LookupSource {
  return {
    schema: customerRow,
    load: async (id, { tenant }) => {
      const [customer] = await database.query<CustomerRow>(statement, [tenant ?? '', id])
      return customer
    },
  }
}

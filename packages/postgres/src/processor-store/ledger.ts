import { failpoint } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlTransaction } from '../sql/sql-database.ts'

/** What every part of the processor store works with. */
export interface Ledger {
  readonly database: SqlDatabase
  readonly schema: SchemaName
  /** A constant statement with `:schema` filled in. */
  readonly sql: (text: string) => string
}

export function createLedger(database: SqlDatabase, schema: SchemaName): Ledger {
  const texts = new Map<string, string>()
  const fill = (text: string): string => {
    const filled = inSchema(text, schema)
    texts.set(text, filled)
    return filled
  }
  return { database, schema, sql: (text) => texts.get(text) ?? fill(text) }
}

/** One transaction with the failpoints of its name on both sides of the commit. */
export async function commitAs<T>(
  ledger: Ledger,
  name: 'advance' | 'settle' | 'recover',
  work: (tx: SqlTransaction) => Promise<T>,
): Promise<T> {
  const result = await ledger.database.transaction(async (tx) => {
    const done = await work(tx)
    await failpoint(`${name}:before-commit`)
    return done
  })
  await failpoint(`${name}:after-commit`)
  return result
}

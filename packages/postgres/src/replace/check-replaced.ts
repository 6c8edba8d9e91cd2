import { LogReplacedError } from '@millrace/contracts'

import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'
import { replacementOf } from './replacement-rows.ts'

/** @throws {@link LogReplacedError} where another log has taken the place of the schema's */
export async function checkReplaced(session: SqlSession, schema: SchemaName): Promise<void> {
  const row = await replacementOf(session, schema)
  if (row !== undefined && row.replacedAt !== null)
    throw new LogReplacedError({ expected: row.generation, actual: row.byGeneration })
}

import { FencedError } from '@millrace/contracts'
import type { Lock } from '@millrace/contracts'

import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import { passFence, readEpoch } from './lock-statements.ts'

/**
 * Makes a transaction one that only the lock's holder can commit: to be called before its writes. From the first guarded
 * write of an epoch on, all earlier ones are refused, whichever driver granted them; for a lock of `openPostgresLocks`, from
 * the grant on. The transaction holds the fence until it ends, so that nobody overtakes it halfway.
 *
 * @throws {@link FencedError} when the lock has passed on; roll back
 */
export async function guardLock(
  tx: SqlTransaction,
  lock: Pick<Lock, 'name' | 'epoch' | 'token'>,
  { schema = defaultSchema }: { readonly schema?: string } = {},
): Promise<void> {
  const { name, epoch, token } = lock
  const checked = parseSchemaName(schema)
  const passed = await tx.query(inSchema(passFence, checked), [name, epoch, token])
  if (passed.length > 0) return
  const currentEpoch = await lastEpoch(tx, name, { schema })
  throw new FencedError(`lock ${name}`, {
    epoch,
    currentEpoch: currentEpoch === epoch ? undefined : currentEpoch,
  })
}

/**
 * The highest epoch the fence has seen of a name, 0 for none: the `above` of a grant by another driver, so that its epochs
 * go on where those of an earlier driver ended.
 */
export async function lastEpoch(
  session: SqlSession,
  name: string,
  { schema = defaultSchema }: { readonly schema?: string } = {},
): Promise<number> {
  const [row] = await session.query<{ epoch: number }>(inSchema(readEpoch, parseSchemaName(schema)), [name])
  return row?.epoch ?? 0
}

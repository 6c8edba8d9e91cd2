import { ConfigurationError, createEventEncoder, createIdFactory } from '@millrace/contracts'
import type { EventStore, LogReplacement } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { PostgresStore } from '../store/postgres-store.ts'
import { PostgresReplacement } from './postgres-replacement.ts'
import { generationOf, replacementOf, schemasOfLog } from './replacement-rows.ts'

/** Settings of {@link openPostgresReplacement}. */
export interface PostgresReplacementOptions {
  /** Stays open. */
  readonly database: SqlDatabase
  /** The schema an app's store is opened with. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * The schema that holds the copy; one that this log has moved to already names that move.
   * @defaultValue the schema with a number behind it, beginning with `_2`
   */
  readonly to?: string
  /** Names the last move of this log, done or under way, instead of its next one. @defaultValue false */
  readonly last?: boolean
}

async function storeIn(database: SqlDatabase, schema: SchemaName): Promise<EventStore> {
  return new PostgresStore({
    database,
    schema,
    generation: await generationOf(database, schema),
    encode: createEventEncoder(),
    mint: createIdFactory(),
    now: Date.now,
  })
}

interface Pair {
  readonly from: SchemaName
  readonly to: SchemaName
}

/** The log that is replaced and its copy, of those this log has had. `by` is what is replacing the last of them now. */
function pairOf(
  chain: readonly SchemaName[],
  by: SchemaName | undefined,
  { to, last }: { readonly to: SchemaName | undefined; readonly last: boolean },
): Pair {
  const [first, current] = [chain[0], chain.at(-1)]
  if (first === undefined || current === undefined) throw new Error('a log has a schema')
  if (to === first) throw new ConfigurationError('to', 'must be another schema than the log itself')
  const wanted = to ?? by ?? (last ? current : undefined)
  const before = wanted === undefined ? undefined : chain[chain.indexOf(wanted) - 1]
  if (wanted !== undefined && before !== undefined) return { from: before, to: wanted }
  if (last && by === undefined) throw new ConfigurationError('stream', `${first} has not been replaced`)
  return { from: current, to: wanted ?? parseSchemaName(`${first}_${chain.length + 1}`, 'to') }
}

/**
 * Opens the replacement of a schema's log by a copy. Changes nothing by itself.
 * @throws {@link ConfigurationError} where there is no log, or its tables are of an older release
 */
export async function openPostgresReplacement(options: PostgresReplacementOptions): Promise<LogReplacement> {
  const { database } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  const given = options.to === undefined ? undefined : parseSchemaName(options.to, 'to')
  await prepareSchema(database, schema, 'refuse')
  const chain = await schemasOfLog(database, schema)
  const by = (await replacementOf(database, chain.at(-1) ?? schema))?.bySchema
  const { from, to } = pairOf(chain, by, { to: given, last: options.last === true })
  return new PostgresReplacement({
    database,
    from,
    to,
    generation: await generationOf(database, from),
    source: await storeIn(database, from),
    openStore: async (name) => await storeIn(database, name),
  })
}

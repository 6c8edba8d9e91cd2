import { ConfigurationError, parseStreamId } from '@millrace/contracts'
import type { AnchorSigner, HashChain } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { generationOf, schemasOfLog } from '../replace/replacement-rows.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { Anchors } from './anchors.ts'
import { readBoundary } from './archived-chain.ts'
import { ChainRows } from './chain-rows.ts'
import type { ChainRange } from './chain-rows.ts'
import { verifyChain } from './verify-chain.ts'

/** Settings of {@link openPostgresChain}. */
export interface PostgresChainOptions {
  /** Stays open. */
  readonly database: SqlDatabase
  /** That of the event store. @defaultValue `'millrace'` */
  readonly schema?: string
  /** See the event store's. @defaultValue `'run'` */
  readonly migrate?: MigrateMode
  /** Signs and checks anchors. @defaultValue anchors can be neither made nor checked */
  readonly signer?: AnchorSigner
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

async function startedSeqOf(database: SqlDatabase, schema: SchemaName): Promise<number | undefined> {
  const [row] = await database.query<{ started_seq: number }>(
    inSchema('select started_seq from :schema.chain_state', schema),
  )
  return row?.started_seq
}

/** An event that somebody put in may lie behind the last commit. */
async function lastSeqOf(database: SqlDatabase, schema: SchemaName): Promise<number> {
  const [row] = await database.query<{ seq: number | null }>(
    inSchema(
      'select greatest((select max(seq) from :schema.commits), (select max(commit_seq) from :schema.events)) as seq',
      schema,
    ),
  )
  return row?.seq ?? 0
}

/**
 * Opens the hash chain of an event store on Postgres or PGlite.
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresChain(options: PostgresChainOptions): Promise<HashChain> {
  const { database, migrate, signer, now = Date.now } = options
  const named = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, named, migrate)
  // What replaced the log since lies in another schema.
  const schema = (await schemasOfLog(database, named)).at(-1) ?? named
  const generation = await generationOf(database, schema)
  const anchors = new Anchors(database, schema, generation)
  return {
    enabled: async () => (await startedSeqOf(database, schema)) !== undefined,
    enable: async () => {
      if ((await startedSeqOf(database, schema)) !== undefined) return
      await database.query(inSchema('select :schema.enable_hash_chain($1)', schema), [now()])
    },
    anchor: async () => {
      if (signer === undefined) throw new ConfigurationError('signer', 'must be given: anchors are signed')
      return await anchors.make(signer, now())
    },
    anchors: () => anchors.read(),
    verify: async (request = {}) => {
      const { streamId } = request
      if (streamId !== undefined) parseStreamId(streamId, 'options.streamId')
      const parts = {
        rows: (range: ChainRange) => new ChainRows(database, schema, range),
        head: () => lastSeqOf(database, schema),
        anchors,
        signer,
        generation,
        boundary: () => readBoundary(database, schema, { generation, signer }),
        startedSeq: (await startedSeqOf(database, schema)) ?? Number.MAX_SAFE_INTEGER,
      }
      return await verifyChain(parts, request)
    },
  }
}

import { checkWhole, InvalidCursorError } from '@millrace/contracts'
import type { AccessEntry, AccessLog } from '@millrace/contracts'

import { clock } from '../append/append-statements.ts'
import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Settings of {@link openPostgresAccessLog}. */
export interface PostgresAccessLogOptions {
  /** Stays open. */
  readonly database: SqlDatabase
  /** @defaultValue `'millrace'` */
  readonly schema?: string
  /** See the event store's. @defaultValue `'run'` */
  readonly migrate?: MigrateMode
}

interface Row {
  readonly id: number
  readonly at: number
  readonly actor: string
  readonly role: AccessEntry['role']
  readonly action: string
  readonly target: string | null
  readonly outcome: AccessEntry['outcome']
}

const insert = `insert into :schema.access_log (at, actor, role, action, target, outcome) values (${clock}, $1, $2, $3, $4, $5)`
const page = `select id, at, actor, role, action, target, outcome from :schema.access_log
where id < $1 and ($2::text is null or actor = $2) and ($3::text is null or target = $3) and at >= $5::bigint order by id desc limit $4`
const prune = `select :schema.prune_access_log($1, $2, ${clock}) as pruned`

/** U+0000 is in no text column; an id from outside may hold one. */
const clean = (text: string): string => text.replaceAll('\0', '\ufffd')

function placeOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  if (!/^\d{1,15}$/.test(cursor))
    throw new InvalidCursorError('options.cursor: must be a cursor from an earlier page')
  return Number(cursor)
}

function entryOf({ at, actor, role, action, target, outcome }: Row): AccessEntry {
  return { at: new Date(at), actor, role, action, target: target ?? undefined, outcome }
}

/**
 * Opens the access log in Postgres or PGlite.
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresAccessLog(options: PostgresAccessLogOptions): Promise<AccessLog> {
  const { database, migrate } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, migrate)
  return {
    record: async ({ actor, role, action, target, outcome }) => {
      const values = [clean(actor), role, clean(action), target === undefined ? null : clean(target), outcome]
      await database.execute(inSchema(insert, schema), values)
    },
    list: async ({ actor = null, target = null, since, cursor, limit = 100 } = {}) => {
      checkWhole('options.limit', limit, { min: 1, max: 1000 })
      const rows = await database.query<Row>(inSchema(page, schema), [
        placeOf(cursor),
        actor,
        target,
        limit + 1,
        since?.getTime() ?? 0,
      ])
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map(entryOf),
        next: last !== undefined && rows.length > limit ? String(last.id) : undefined,
      }
    },
    prune: async ({ before, by }) => {
      const [row] = await database.query<{ pruned: number }>(inSchema(prune, schema), [
        before.getTime(),
        clean(by),
      ])
      return row?.pruned ?? 0
    },
  }
}

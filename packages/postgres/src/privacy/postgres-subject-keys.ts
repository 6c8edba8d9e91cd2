import { checkErasure, checkListSubjectKeys, checkSubject, checkSubjectKey } from '@millrace/contracts'
import type {
  Erasure,
  ErasureRequest,
  ListSubjectKeysOptions,
  SubjectKey,
  SubjectKeyState,
  SubjectKeyStore,
  WrappedKey,
} from '@millrace/contracts'

import { clock } from '../append/append-statements.ts'
import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Settings of {@link openPostgresSubjectKeys}. */
export interface PostgresSubjectKeysOptions {
  /** Stays open when the key store is closed. Best not the database of the events: whoever has both backups has the data. */
  readonly database: SqlDatabase
  /** @defaultValue `'millrace'` */
  readonly schema?: string
  /** See the event store's. @defaultValue `'run'` */
  readonly migrate?: MigrateMode
}

interface KeyRow {
  readonly subject: string
  readonly key_id: string | null
  readonly master_key_id: string | null
  readonly wrapped: Uint8Array | null
  readonly erased_at: number | null
  readonly erased_by: string | null
  readonly erased_reason: string | null
  readonly destroyed_key: boolean | null
  readonly completed_at: number | null
}

const columns =
  'subject, key_id, master_key_id, wrapped, erased_at, erased_by, erased_reason, destroyed_key, completed_at'

const texts = {
  find: `select ${columns} from :schema.subject_keys where subject = any ($1::text[])`,
  add: `insert into :schema.subject_keys (subject, key_id, master_key_id, wrapped, created_at)
values ($1, $2, $3, $4, ${clock}) on conflict (subject) do nothing`,
  rewrap: `update :schema.subject_keys set master_key_id = $3, wrapped = $4
where subject = $1 and key_id = $2 and master_key_id = $5 and wrapped = $6`,
  erase: `insert into :schema.subject_keys as k (subject, created_at, erased_at, erased_by, erased_reason, destroyed_key)
values ($1, ${clock}, ${clock}, $2, $3, false)
on conflict (subject) do update set key_id = null, master_key_id = null, wrapped = null, erased_at = ${clock},
  erased_by = excluded.erased_by, erased_reason = excluded.erased_reason, destroyed_key = true
where k.erased_at is null`,
  complete: `update :schema.subject_keys set completed_at = coalesce(completed_at, ${clock}) where subject = $1 and erased_at is not null`,
  incomplete:
    'select subject from :schema.subject_keys where erased_at is not null and completed_at is null order by erased_at, subject limit 1000',
  list: `select ${columns} from :schema.subject_keys
where key_id is not null and subject > $1 and ($2::text is null or master_key_id <> $2) order by subject limit $3`,
  // Takes the dead version of a row out of its page; without it the wrapped key would lie there until the next vacuum.
  vacuum: 'vacuum :schema.subject_keys',
} as const

function erasureOf(row: KeyRow): Erasure {
  return {
    by: row.erased_by ?? '',
    reason: row.erased_reason ?? '',
    erasedAt: new Date(row.erased_at ?? 0),
    destroyedKey: row.destroyed_key ?? false,
    completedAt: row.completed_at === null ? undefined : new Date(row.completed_at),
  }
}

function stateOf(row: KeyRow): SubjectKeyState {
  const { subject, key_id: keyId, master_key_id: masterKeyId, wrapped } = row
  if (keyId === null || masterKeyId === null || wrapped === null)
    return { kind: 'erased', subject, erasure: erasureOf(row) }
  return {
    kind: 'present',
    key: { subject, keyId, wrapped: { masterKeyId, bytes: new Uint8Array(wrapped) } },
  }
}

class PostgresSubjectKeys implements SubjectKeyStore {
  readonly #database: SqlDatabase
  readonly #texts: typeof texts
  /** Subjects that were erased here, their pages vacuumed. */
  readonly #vacuumed = new Set<string>()

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#texts = Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, inSchema(text, schema)]),
    ) as unknown as typeof texts
  }

  async find(subjects: readonly string[]): Promise<ReadonlyMap<string, SubjectKeyState>> {
    for (const subject of subjects) checkSubject(subject)
    const rows = await this.#database.query<KeyRow>(this.#texts.find, [subjects])
    return new Map(rows.map((row) => [row.subject, stateOf(row)]))
  }

  async add(key: SubjectKey): Promise<SubjectKeyState> {
    checkSubjectKey(key)
    const { subject, keyId, wrapped } = key
    await this.#database.execute(this.#texts.add, [subject, keyId, wrapped.masterKeyId, wrapped.bytes])
    return await this.#stateOf(subject)
  }

  async rewrap(key: SubjectKey, from: WrappedKey): Promise<boolean> {
    checkSubjectKey(key)
    const { subject, keyId, wrapped } = key
    const values = [subject, keyId, wrapped.masterKeyId, wrapped.bytes, from.masterKeyId, from.bytes]
    return (await this.#database.execute(this.#texts.rewrap, values)) > 0
  }

  async erase(subject: string, request: ErasureRequest): Promise<Erasure> {
    checkSubject(subject)
    checkErasure(request)
    await this.#database.execute(this.#texts.erase, [subject, request.by, request.reason])
    const state = await this.#stateOf(subject)
    if (state.kind !== 'erased') throw new Error(`subject ${subject} has a key after its erasure`)
    if (state.erasure.completedAt === undefined) await this.#vacuum(subject)
    return state.erasure
  }

  async complete(subject: string): Promise<boolean> {
    const known = (await this.find([subject])).get(subject)
    if (known?.kind !== 'erased') return false
    // Whoever erased it may have ended before the vacuum.
    if (known.erasure.completedAt === undefined) await this.#vacuum(subject)
    this.#vacuumed.delete(subject)
    return (await this.#database.execute(this.#texts.complete, [subject])) > 0
  }

  async incomplete(): Promise<readonly string[]> {
    const rows = await this.#database.query<Pick<KeyRow, 'subject'>>(this.#texts.incomplete)
    return rows.map(({ subject }) => subject)
  }

  async list(options: ListSubjectKeysOptions = {}): Promise<readonly SubjectKey[]> {
    checkListSubjectKeys(options)
    const { notWrappedBy = null, after = '', limit = 100 } = options
    const rows = await this.#database.query<KeyRow>(this.#texts.list, [after, notWrappedBy, limit])
    return rows.map(stateOf).flatMap((state) => (state.kind === 'present' ? [state.key] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The database is its opener's.
  }

  async #vacuum(subject: string): Promise<void> {
    if (this.#vacuumed.has(subject)) return
    await this.#database.execute(this.#texts.vacuum)
    this.#vacuumed.add(subject)
  }

  async #stateOf(subject: string): Promise<SubjectKeyState> {
    const state = (await this.find([subject])).get(subject)
    if (state === undefined)
      throw new Error(`subject ${subject} is gone: rows of subject_keys are never deleted`)
    return state
  }
}

/**
 * Opens the data keys of subjects in Postgres or PGlite. An erased key's row is emptied and its page vacuumed; the write-ahead
 * log and backups hold the wrapped key until they are recycled.
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresSubjectKeys(options: PostgresSubjectKeysOptions): Promise<SubjectKeyStore> {
  const { database, migrate } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, migrate)
  return new PostgresSubjectKeys(database, schema)
}

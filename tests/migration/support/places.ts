import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createIdFactory } from '@millrace/contracts'
import type { EventStore, LogReplacement, Serializer } from '@millrace/contracts'
import { openJetStreamReplacement, openJetStreamStore } from '@millrace/jetstream'
import { openPg, openPglite, openPostgresReplacement, openPostgresStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { connect } from '@nats-io/transport-node'

/** The servers of a run. */
export interface ServerUrls {
  readonly nats: string
  readonly postgres: string
}

/** Where a log of a test lies. */
export interface LogPlace extends AsyncDisposable {
  readonly kind: 'jetstream' | 'postgres' | 'pglite'
  /** The JetStream stream or SQL schema. */
  readonly name: string
  /** How a command finds it. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Opens the store as an app does; on PGlite until it is closed nobody else can. */
  open(options?: { readonly serializer?: Serializer }): Promise<EventStore & AsyncDisposable>
  /** Opens the log's next move, or its last one; on PGlite until it is closed nobody else can. */
  replacement(options?: { readonly last?: boolean }): Promise<LogReplacement>
  /** Everything there is of the log and its copies, except what looking at it changes. */
  picture(): Promise<unknown>
  /** Writes a message that is no event's, where that can be done. */
  litter?(): Promise<void>
}

/** The kinds of place. */
export const placeKinds = ['jetstream', 'postgres', 'pglite'] as const

const mint = createIdFactory()
const freshName = (): string => `m_${mint().toLowerCase()}`

interface StreamList {
  readonly streams: readonly { readonly config: { readonly name: string }; readonly state: object }[] | null
}

async function jetstreamPlace({ nats }: ServerUrls): Promise<LogPlace> {
  const name = freshName()
  const connection = await connect({ servers: nats })
  const ask = async <Answer>(verb: string, body: object = {}): Promise<Answer> =>
    (await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 5_000 })).json<Answer>()
  const ours = async (): Promise<NonNullable<StreamList['streams']>> => {
    const { streams } = await ask<StreamList>('STREAM.LIST')
    return (streams ?? []).filter(({ config }) => config.name.startsWith(name))
  }
  return {
    kind: 'jetstream',
    name,
    args: ['--source', nats, '--stream', name],
    env: {},
    open: async (options) => await openJetStreamStore({ servers: nats, name, ...options }),
    replacement: async (options) => await openJetStreamReplacement({ servers: nats, name, ...options }),
    picture: async () => (await ours()).map(({ config, state }) => ({ config, state })),
    litter: async () => {
      connection.publish(`${name}.es.00.person.litter`, 'not one of ours')
      await connection.flush()
    },
    [Symbol.asyncDispose]: async () => {
      for (const { config } of await ours()) await ask(`STREAM.DELETE.${config.name}`)
      await connection.close()
    },
  }
}

/** Counts the rows of every table below schemas of this name. */
async function tablesOf(database: SqlDatabase, name: string): Promise<unknown> {
  const tables = await database.query<{ at: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as at from information_schema.tables where table_schema like $1 order by 1`,
    [`${name}%`],
  )
  const counted: Record<string, unknown> = {}
  for (const { at } of tables)
    counted[at] = await database.query(
      `select count(*) as rows, md5(string_agg(t::text, '|' order by t::text)) as content from ${at} t`,
    )
  return counted
}

function closing<Resource extends AsyncDisposable>(resource: Resource, close: () => Promise<void>): Resource {
  const closed = resource[Symbol.asyncDispose].bind(resource)
  return Object.assign(resource, {
    [Symbol.asyncDispose]: async () => {
      await closed()
      await close()
    },
  })
}

async function postgresPlace({ postgres }: ServerUrls): Promise<LogPlace> {
  const name = freshName()
  const admin = await openPg({ url: postgres, poolSize: 1 })
  return {
    kind: 'postgres',
    name,
    args: ['--source', postgres, '--stream', name],
    env: {},
    open: async (options) => {
      const database = await openPg({ url: postgres })
      const store = await openPostgresStore({ database, schema: name, ...options })
      return closing(store, async () => await database[Symbol.asyncDispose]())
    },
    replacement: async (options) => {
      const database = await openPg({ url: postgres })
      const replacement = await openPostgresReplacement({ database, schema: name, ...options })
      return closing(replacement, async () => await database[Symbol.asyncDispose]())
    },
    picture: async () => await tablesOf(admin, name),
    [Symbol.asyncDispose]: async () => {
      const schemas = await admin.query<{ name: string }>(
        'select schema_name as name from information_schema.schemata where schema_name like $1',
        [`${name}%`],
      )
      for (const schema of schemas) await admin.script(`drop schema ${schema.name} cascade`)
      await admin[Symbol.asyncDispose]()
    },
  }
}

async function pglitePlace(): Promise<LogPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-migration-'))
  const dataDir = join(folder, 'data')
  const open = async (): Promise<SqlDatabase> => await openPglite({ dataDir: join(dataDir, 'database') })
  return {
    kind: 'pglite',
    name: 'millrace',
    args: [],
    env: { MILLRACE_DATA: dataDir },
    open: async (options) => {
      const database = await open()
      return closing(
        await openPostgresStore({ database, ...options }),
        async () => await database[Symbol.asyncDispose](),
      )
    },
    replacement: async (options) => {
      const database = await open()
      const replacement = await openPostgresReplacement({ database, ...options })
      return closing(replacement, async () => await database[Symbol.asyncDispose]())
    },
    picture: async () => {
      await using database = await open()
      return await tablesOf(database, 'millrace')
    },
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** A log of its own that nobody has written to yet. */
export async function newPlace(kind: LogPlace['kind'], servers: ServerUrls): Promise<LogPlace> {
  if (kind === 'jetstream') return await jetstreamPlace(servers)
  return await (kind === 'postgres' ? postgresPlace(servers) : pglitePlace())
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createIdFactory } from '@millrace/contracts'
import { openPg } from '@millrace/postgres'
import { connect } from '@nats-io/transport-node'

/**
 * Where an app keeps everything in a test: in an embedded database, in a database of its own on the shared server, or its
 * events in a stream of its own.
 */
export type AppPlaceKind = 'embedded' | 'postgres' | 'jetstream'

/** What names a place that nothing else uses to an app. It is gone when it is disposed. */
export interface AppPlace extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

/** Settings of {@link newAppPlace}. */
export interface AppPlaceOptions {
  /** The app, in the names of what is made. */
  readonly app: string
  readonly kind: AppPlaceKind
  readonly servers: { readonly postgres: string; readonly nats: string }
  /** Where the rest lies beside events on JetStream. @defaultValue `'embedded'` */
  readonly state?: 'embedded' | 'postgres'
}

const mint = createIdFactory()

async function deleteStream(servers: string, name: string): Promise<void> {
  const connection = await connect({ servers })
  await connection.request(`$JS.API.STREAM.DELETE.${name}`)
  await connection.close()
}

async function newDatabase(
  server: string,
  name: string,
): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const url = new URL(server)
  url.pathname = `/${name}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) }
}

/** A new place. Beside the database, nothing is created yet: that is for the app. */
export async function newAppPlace(options: AppPlaceOptions): Promise<AppPlace> {
  const { app, kind, servers, state = 'embedded' } = options
  const folder = await mkdtemp(join(tmpdir(), `millrace-${app}-`))
  const name = `${app}_${mint().toLowerCase()}`
  const inDatabase = kind === 'postgres' || (kind === 'jetstream' && state === 'postgres')
  const database = inDatabase ? await newDatabase(servers.postgres, name) : undefined
  return {
    env: {
      MILLRACE_DATA: folder,
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
      ...(kind === 'jetstream' ? { NATS_URL: servers.nats, NATS_STREAM: name } : {}),
    },
    [Symbol.asyncDispose]: async () => {
      await database?.drop()
      if (kind === 'jetstream') await deleteStream(servers.nats, name)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

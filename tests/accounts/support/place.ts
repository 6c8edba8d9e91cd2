import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createIdFactory } from '@millrace/contracts'
import { openPg } from '@millrace/postgres'
import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'

/**
 * Where the app keeps everything in a test: in an embedded database, in a database of its own on the shared server, or its
 * events in a stream of its own and the rest in such a database.
 */
export const placeKinds = ['embedded', 'postgres', 'jetstream'] as const
export type PlaceKind = (typeof placeKinds)[number]

/** What names a place that nothing else uses to the app. It is gone when it is disposed. */
export interface Place extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

const mint = createIdFactory()

async function deleteStream(servers: string, name: string): Promise<void> {
  const connection = await connect({ servers })
  await connection.request(`$JS.API.STREAM.DELETE.${name}`)
  await connection.close()
}

async function newDatabase(name: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject('servers').postgres
  const url = new URL(server)
  url.pathname = `/${name}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) }
}

/** Beside the database, nothing is created yet: that is for the app. */
export async function newPlace(kind: PlaceKind): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-accounts-'))
  const natsUrl = inject('servers').nats
  const name = `accounts_${mint().toLowerCase()}`
  const database = kind === 'embedded' ? undefined : await newDatabase(name)
  return {
    env: {
      MILLRACE_DATA: folder,
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
      ...(kind === 'jetstream' ? { NATS_URL: natsUrl, NATS_STREAM: name } : {}),
    },
    [Symbol.asyncDispose]: async () => {
      await database?.drop()
      if (kind === 'jetstream') await deleteStream(natsUrl, name)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

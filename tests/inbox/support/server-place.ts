import { createIdFactory } from '@millrace/contracts'
import { openPg } from '@millrace/postgres'
import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'

/** A database and a stream nothing else uses, on the shared servers; both are dropped when it is disposed. */
export interface ServerPlace extends AsyncDisposable {
  /** What makes an app keep its events on JetStream and its state in Postgres. */
  readonly env: { readonly NATS_URL: string; readonly NATS_STREAM: string; readonly DATABASE_URL: string }
}

const mint = createIdFactory()

/** Creates the database; the stream is for the app to create. */
export async function serverPlace(): Promise<ServerPlace> {
  const { postgres, nats } = inject('servers')
  const name = `inbox_${mint().toLowerCase()}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: postgres, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  const url = new URL(postgres)
  url.pathname = `/${name}`
  return {
    env: { NATS_URL: nats, NATS_STREAM: name, DATABASE_URL: url.href },
    [Symbol.asyncDispose]: async () => {
      await administer(`drop database if exists ${name} with (force)`)
      const connection = await connect({ servers: nats })
      await connection.request(`$JS.API.STREAM.DELETE.${name}`)
      await connection.close()
    },
  }
}

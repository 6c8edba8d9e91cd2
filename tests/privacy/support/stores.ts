import { randomBytes } from 'node:crypto'

import type { EventStore } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { openMemoryStore } from '@millrace/memory'
import { openPg, openPglite, openPostgresStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { afterAll, inject } from 'vitest'

export const freshName = (prefix: string): string => `${prefix}_${randomBytes(5).toString('hex')}`

/** Opened once for all tests of a file: an embedded database takes seconds to start. */
function shared(open: () => Promise<SqlDatabase>): () => Promise<EventStore> {
  let opening: Promise<SqlDatabase> | undefined
  afterAll(async () => {
    await (await opening)?.[Symbol.asyncDispose]()
    opening = undefined
  })
  return async () => {
    opening ??= open()
    return await openPostgresStore({ database: await opening, schema: freshName('privacy') })
  }
}

/** Every store, empty. To be called at a test file's top level. */
export function openers(): readonly (readonly [name: string, open: () => Promise<EventStore>])[] {
  return [
    ['memory', async () => await openMemoryStore()],
    ['Postgres', shared(async () => await openPg({ url: inject('servers').postgres }))],
    ['PGlite', shared(async () => await openPglite('memory'))],
    [
      'JetStream',
      async () =>
        await openJetStreamStore({
          servers: [inject('servers').nats],
          name: freshName('privacy'),
          replicas: 1,
        }),
    ],
  ]
}

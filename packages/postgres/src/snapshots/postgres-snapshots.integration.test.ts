import { snapshotStoreContract } from '@millrace/conformance'
import { inject } from 'vitest'

import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { openPg } from '../sql/pg-database.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresSnapshots } from './open-postgres-snapshots.ts'

const databases: readonly (readonly [string, () => Promise<SqlDatabase>])[] = [
  ['Postgres', async () => await openPg({ url: inject('servers').postgres })],
  ['PGlite', async () => await openPglite('memory')],
]

for (const [name, open] of databases)
  snapshotStoreContract({
    name: `the snapshot store on ${name}`,
    open: async () => {
      const [database, schema] = [await open(), freshSchema('snapshots')]
      const damaged = `update ${schema}.snapshots set header = replace(header, '"bytes"', '"size"')
        where stream_id = $1 and name = $2 and version = $3`
      return {
        store: await openPostgresSnapshots({ database, schema }),
        damage: async (streamId, key) => {
          await database.execute(damaged, [streamId, key.name, key.version])
        },
        [Symbol.asyncDispose]: async () => {
          await database.execute(`drop schema ${schema} cascade`)
          await database[Symbol.asyncDispose]()
        },
      }
    },
  })

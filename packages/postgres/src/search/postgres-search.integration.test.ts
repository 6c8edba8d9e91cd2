import { searchIndexContract } from '@millrace/conformance'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPostgresSearch } from './open-postgres-search.ts'

for (const [name, open] of drivers)
  searchIndexContract({
    name: `the search index on ${name}`,
    open: async () => {
      const [database, schema] = [await open(), freshSchema('search')]
      return {
        store: await openPostgresSearch({ database, schema }),
        [Symbol.asyncDispose]: async () => {
          await database.execute(`drop schema ${schema} cascade`)
          await database[Symbol.asyncDispose]()
        },
      }
    },
  })

import { subjectKeyStoreContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPostgresSubjectKeys } from './postgres-subject-keys.ts'

for (const [name, open] of drivers)
  subjectKeyStoreContract({
    name,
    open: async () => {
      const database = await open()
      const keys = await openPostgresSubjectKeys({ database, schema: freshSchema('keys') })
      return { keys, [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose]() }
    },
  })

test.for(drivers)('the row of a destroyed key is empty: %s', async ([, open]) => {
  await using database = await open()
  const schema = freshSchema('keys')
  const keys = await openPostgresSubjectKeys({ database, schema })
  const wrapped = { masterKeyId: 'm', bytes: new Uint8Array(48).fill(7) }
  await keys.add({ subject: 'ada', keyId: 'k', wrapped })
  await keys.erase('ada', { by: 'bob', reason: 'asked' })
  const [row] = await database.query<{ key_id: null; wrapped: null }>(
    `select key_id, wrapped from ${schema}.subject_keys where subject = 'ada'`,
  )
  expect(row).toEqual({ key_id: null, wrapped: null })
})

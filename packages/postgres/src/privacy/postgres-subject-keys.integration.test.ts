import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { subjectKeyStoreContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
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

/** Of the tables' files; the write-ahead log holds what was written until it is recycled. */
function tablesWith(folder: string, word: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('pg_wal'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(word))
}

test.each(['erased', 'left by a crash between erasing and cleaning up'])(
  'a wrapped key lies in no file of a table once its erasure is complete: %s',
  async (how) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'))
    try {
      await using database = await openPglite({ dataDir: folder })
      const keys = await openPostgresSubjectKeys({ database })
      for (const subject of ['abe', 'ada', 'bob'])
        await keys.add({
          subject,
          keyId: `k-${subject}`,
          wrapped: { masterKeyId: 'm', bytes: Buffer.from(`the wrapped key of ${subject}`.padEnd(61)) },
        })
      await database.execute('checkpoint')
      expect(tablesWith(folder, 'key of ada')).toHaveLength(1)
      if (how === 'erased') await keys.erase('ada', { by: 'ann', reason: 'x' })
      else
        await database.execute(
          `update millrace.subject_keys set key_id = null, master_key_id = null, wrapped = null, erased_at = 1, erased_by = 'x', erased_reason = 'y', destroyed_key = true where subject = 'ada'`,
        )
      expect(await keys.complete('ada')).toBe(true)
      await database.execute('checkpoint')
      expect(tablesWith(folder, 'key of ada')).toEqual([])
      expect(tablesWith(folder, 'key of bob')).toHaveLength(1)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

import { expect, inject, test } from 'vitest'

import { freshStream, RawWriter } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { parseSchemaName } from '../sql/schema-name.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'
import { logTexts } from './log-texts.ts'
import { SettledSequence } from './settled-sequence.ts'
import type { SequencedRow } from './settled-sequence.ts'

test('a commit that ends while its hole is being proved is not skipped', async () => {
  const url = inject('servers').postgres
  const schema = parseSchemaName(freshSchema('settled'))
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openPg({ url }))
  stack.use(await openPostgresStore({ database, schema }))
  const slow = stack.use(await RawWriter.open(url, schema))
  const quick = stack.use(await RawWriter.open(url, schema))
  let isOpen = false
  const sequence = new SettledSequence<SequencedRow>(database, {
    after: async (seq, limit) => {
      const rows = await database.query<SequencedRow>(logTexts(schema).commits, [seq, limit])
      // Between the first reading, which lacks its row, and the proof, which finds it ended.
      if (isOpen) await slow.commit()
      isOpen = false
      return rows
    },
    last: async () => undefined,
    beforeHole: async () => undefined,
  })
  // Where somebody else on the server is in a transaction, the proof is put off and the row is seen without it.
  for (let proved = false, last = 0; !proved; last += 2) {
    await slow.begin()
    isOpen = true
    const both = [await slow.append(freshStream()), await quick.append(freshStream())]
    const first = await sequence.read(last, 10)
    const rows = first.length > 0 ? first : await sequence.read(last, 10)
    expect(rows.map(({ seq }) => seq)).toEqual(both)
    proved = first.length > 0
  }
})

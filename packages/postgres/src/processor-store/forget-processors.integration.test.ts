import { expect, test } from 'vitest'

import { delivery, granted, recordCopy, registered, to } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { forgetProcessors } from './forget-processors.ts'
import { openProcessorStore } from './open-processor-store.ts'

const schema = freshSchema('forgetting')
const by = 'start'

test('a processor that is no more is forgotten with what it parked, and who still runs it writes nothing', async () => {
  await using database = await openPglite('memory')
  const store = await openProcessorStore({ database, schema })
  const lease = await granted(store, await registered(store, 'former'), { owner: 'an earlier release' })
  await granted(store, await registered(store, 'present'), { owner: 'this release' })
  const aside = { recordId: 'r', position: lease.checkpoint, reason: 'it broke', record: recordCopy() }
  await store.advance(lease, to(1, { parked: [{ ...aside, holds: 'cart-1' }] }))

  const options = { schema, processors: ['former', 'unknown'], by }
  expect(await forgetProcessors(database, options)).toEqual(['former'])
  await expect(store.advance(lease, to(2))).rejects.toMatchObject({ code: 'ERR_FENCED' })
  expect((await store.status()).map(({ processor }) => processor)).toEqual(['present'])
  expect((await store.deadLetters.list()).items).toEqual([])
  expect(await database.query(`select subject, action, operator from ${schema}.operator_actions`)).toEqual([
    { subject: 'former', action: 'remove', operator: by },
  ])
  expect(await forgetProcessors(database, options)).toEqual([])
  // One that comes back begins anew.
  expect(
    await granted(store, await registered(store, 'former'), { owner: 'an earlier release' }),
  ).toMatchObject({
    checkpoint: { commit: 0 },
  })
})

test('a processor with a delivery to be made stays until that has ended', async () => {
  await using database = await openPglite('memory')
  const store = await openProcessorStore({ database, schema })
  const lease = await granted(store, await registered(store, 'busy'), { owner: 'an earlier release' })
  await store.advance(lease, to(1, { deliveries: [delivery('busy', 1)] }))
  expect(await forgetProcessors(database, { schema, processors: ['busy'], by })).toEqual([])
  expect(await store.status()).toMatchObject([{ processor: 'busy', openDeliveries: 1 }])
})

test('a name that no processor may have is refused', async () => {
  await using database = await openPglite('memory')
  await expect(forgetProcessors(database, { schema, processors: ['a:b'], by })).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
  })
})

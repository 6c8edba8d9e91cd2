import { dedupContract } from '@millrace/conformance'
import { expect, test } from 'vitest'

import { openMemoryDedup } from './memory-dedup.ts'

dedupContract({
  name: 'dedup in memory',
  open: async () => ({ dedup: openMemoryDedup(), [Symbol.asyncDispose]: async () => undefined }),
})

test('an id is remembered for a day, and no longer', async () => {
  let now = 1_000_000
  const dedup = openMemoryDedup({ now: () => now })
  const options = { owner: 'one', leaseMs: 1_000 }
  const [claim] = await dedup.claim('shop', ['a'], options)
  if (claim?.kind !== 'new') throw new Error('it is new')
  await dedup.done('shop', [claim])
  now += 86_399_999
  expect(await dedup.claim('shop', ['a'], options)).toMatchObject([{ kind: 'done' }])
  now += 1
  expect(await dedup.claim('shop', ['a'], options)).toMatchObject([{ kind: 'new' }])
})

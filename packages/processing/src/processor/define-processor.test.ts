import { expect, expectTypeOf, test } from 'vitest'

import { defineAction } from '../action/define-action.ts'
import { defineProcessor } from './define-processor.ts'

const handle = (): void => undefined
const post = defineAction({ name: 'post', execute: async () => undefined })
const mail = defineAction({ name: 'mail', execute: async () => undefined })

test('what is left out gets its default', () => {
  expect(defineProcessor({ name: 'totals', startFrom: 'beginning', handle })).toMatchObject({
    partitions: 1,
    filter: undefined,
    actions: [],
    timeoutMs: 60_000,
    retry: { maxAttempts: 3 },
  })
})

test('deliver takes the names of the actions and no others', () => {
  defineProcessor({
    name: 'totals',
    startFrom: 'now',
    actions: [post, mail],
    handle: (_, context) => {
      type Named = Parameters<typeof context.deliver>[0]
      expectTypeOf<Named>().toEqualTypeOf<'post' | 'mail'>()
    },
  })
})

test.each([
  ['processor name', { name: 'Totals' }],
  ['processor totals.startFrom', { startFrom: 'end' as 'now' }],
  ['processor totals.partitions', { partitions: 65 }],
  ['processor totals.partitions', { partitions: 0 }],
  ['processor totals.timeoutMs', { timeoutMs: 0 }],
  ['processor totals.retry.shape', { retry: { shape: 'odd' as 'fixed' } }],
  ['processor totals.actions', { actions: [post, post] }],
])('a bad %s is refused by name', (setting, change) => {
  expect(() => defineProcessor({ name: 'totals', startFrom: 'now', handle, ...change })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
  )
})

import { expect, test } from 'vitest'

import { defineAction } from './define-action.ts'

const execute = async (): Promise<void> => undefined

test('what is left out gets its default', () => {
  expect(defineAction({ name: 'post', execute })).toMatchObject({
    name: 'post',
    kind: 'custom',
    timeoutMs: 30_000,
    afterUnknown: 'retry',
    concurrency: 16,
    maxAgeMs: 86_400_000,
    retry: { shape: 'exponential', maxAttempts: 3 },
  })
})

test.each([
  ['action name', { name: 'With:Colon' }],
  ['action post.kind', { kind: '' }],
  ['action post.timeoutMs', { timeoutMs: 0 }],
  ['action post.concurrency', { concurrency: 1001 }],
  ['action post.maxAgeMs', { maxAgeMs: -1 }],
  ['action post.afterUnknown', { afterUnknown: 'ignore' as 'retry' }],
  ['action post.retry.maxAttempts', { retry: { maxAttempts: 0 } }],
  ['action post.onFailure', { onFailure: 'stop' as 'hold' }],
  ['action post.onFailure', { onFailure: 'hold' as const }],
])('a bad %s is refused by name', (setting, change) => {
  expect(() => defineAction({ name: 'post', execute, ...change })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
  )
})

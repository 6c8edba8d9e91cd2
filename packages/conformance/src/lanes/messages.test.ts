import { ConcurrencyError, isMillraceError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { LaneError, packError } from './messages.ts'

test('an error keeps its facts on its way out of a process', () => {
  const conflict = { streamId: 'cart-1', expected: 3, actual: 4 }
  const packed = structuredClone(packError(new ConcurrencyError(conflict)))
  const error = new LaneError(packed)
  expect(error).toMatchObject({
    name: 'ConcurrencyError',
    code: 'ERR_CONCURRENCY',
    retryable: true,
    conflict,
  })
  expect([error.message, isMillraceError(error)]).toEqual([new ConcurrencyError(conflict).message, true])
})

test('what is thrown without being an error becomes one', () => {
  expect(new LaneError(packError('broken'))).toMatchObject({ message: 'broken' })
})

import { ConcurrencyError, InvalidValueError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { holds, outcomeOf, refused, refusedWithTypedError, same } from './assertions.ts'

const conflict = new ConcurrencyError({ streamId: 'cart-1', expected: 3, actual: 4 })

test('a refusal is recognised by its code and facts', async () => {
  await refused(Promise.reject(conflict), { code: 'ERR_CONCURRENCY', conflict: { actual: 4 } })
  await refusedWithTypedError(async () => await Promise.reject(conflict))
})

test.each([
  ['another code', { code: 'ERR_FENCED' }],
  ['another fact', { code: 'ERR_CONCURRENCY', conflict: { actual: 5 } }],
  ['a fact that is missing', { code: 'ERR_CONCURRENCY', streamId: 'cart-1' }],
] as const)('a refusal with %s fails', async (_what, refusal) => {
  await expect(refused(Promise.reject(conflict), refusal)).rejects.toThrow(
    'got ConcurrencyError: stream cart-1',
  )
})

test('no error, and an error of no type, are no refusals', async () => {
  const refusal = { code: 'ERR_CONCURRENCY' } as const
  await expect(refused(Promise.resolve(), refusal)).rejects.toThrow('got no error')
  await expect(refused(Promise.reject(new TypeError('x is not a function')), refusal)).rejects.toThrow(
    'TypeError',
  )
  await expect(refusedWithTypedError(async () => await Promise.resolve())).rejects.toThrow('got no error')
  // A rejection that is no error at all, as a careless driver may raise it.
  const raw = Promise.reject.bind(Promise)
  await expect(refused(async () => await raw('text'), refusal)).rejects.toThrow('got text')
})

test('an outcome is the error, or nothing', async () => {
  expect(await outcomeOf(Promise.resolve(1))).toBeUndefined()
  expect(await outcomeOf(Promise.reject(conflict))).toBe(conflict)
})

test('values are compared in depth, or field by field', () => {
  same({ a: [1] }, { a: [1] })
  expect(() => same({ a: undefined }, {})).toThrow(/deepStrictEqual|deep-equal|strictly/i)
  holds({ a: 1, b: 2 }, { a: 1 })
  expect(() => holds({ a: 1, b: 2 }, { a: 2 })).toThrow(/a: 2/)
})

test('the error of a bad value keeps its field', async () => {
  await refused(Promise.reject(new InvalidValueError('options.limit', 'positive')), {
    code: 'ERR_INVALID_VALUE',
    field: 'options.limit',
  })
})

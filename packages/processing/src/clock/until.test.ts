import { expect, test } from 'vitest'

import { settledWithin, until, within } from './until.ts'

const never = new Promise<never>(() => undefined)

test('the outcome comes through when it is first', async () => {
  const { signal } = new AbortController()
  await expect(until(Promise.resolve(1), signal)).resolves.toBe(1)
  await expect(until(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
})

test('the reason of the signal comes first, before or during', async () => {
  const stop = new AbortController()
  const waiting = until(never, stop.signal)
  stop.abort(new Error('over'))
  await expect(waiting).rejects.toThrow('over')
  await expect(until(never, stop.signal)).rejects.toThrow('over')
})

test('a promise left behind may reject without being unhandled', async () => {
  const late = Promise.withResolvers<void>()
  await expect(until(late.promise, AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
  late.reject(new Error('late'))
  await new Promise((resolve) => setImmediate(resolve))
})

test('within gives up in time', async () => {
  await expect(within(never, 10, () => new Error('late'))).rejects.toThrow('late')
  await expect(within(Promise.resolve(2), 1_000, () => new Error('late'))).resolves.toBe(2)
})

test('settledWithin never rejects and never outlasts its time', async () => {
  const from = performance.now()
  await settledWithin(Promise.reject(new Error('no')), 60_000)
  await settledWithin(never, 10)
  expect(performance.now() - from).toBeLessThan(10_000)
})

import { expect, test } from 'vitest'

import { waitUntil, within } from './wait-until.ts'

test('a wait ends when its condition holds', async () => {
  let asked = 0
  await waitUntil(() => (asked += 1) === 3, { what: 'the third time' })
  expect(asked).toBe(3)
})

test('a wait that lasts too long says what it waited for', async () => {
  await expect(waitUntil(async () => false, { what: 'rain', deadlineMs: 20 })).rejects.toThrow(
    'waited 20 ms for rain',
  )
})

test('a promise that settles in time is handed on', async () => {
  await expect(within(Promise.resolve(7), { what: 'seven' })).resolves.toBe(7)
  await expect(within(Promise.reject(new Error('no')), { what: 'a yes' })).rejects.toThrow('no')
})

test('a promise that hangs is an error', async () => {
  const { promise } = Promise.withResolvers<never>()
  await expect(within(promise, { what: 'Godot', deadlineMs: 20 })).rejects.toThrow('waited 20 ms for Godot')
})

import { expect, test } from 'vitest'

import { ActionSlots } from './action-slots.ts'

test('no more slots are taken than there are', () => {
  const slots = new ActionSlots(2)
  expect([slots.take(), slots.take(), slots.take()]).toEqual([true, true, false])
  expect(slots.free).toBe(0)
  slots.giveBack()
  expect(slots.take()).toBe(true)
})

test('everybody who listens hears of a free slot until they stop', () => {
  const slots = new ActionSlots(1)
  let heard = 0
  const stop = slots.onFree(() => heard++)
  slots.take()
  slots.giveBack()
  stop()
  slots.take()
  slots.giveBack()
  expect(heard).toBe(1)
})

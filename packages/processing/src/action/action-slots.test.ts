import { expect, test } from 'vitest'

import type { ActionGate } from './action-gate.ts'
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

test('a slot needs a place of the gate as well, and gives both back', () => {
  let places = 1
  const told = new Set<() => void>()
  const gate: ActionGate = {
    get free() {
      return places
    },
    take: () => places > 0 && places-- > 0,
    giveBack: () => void places++,
    onFree: (tell) => {
      told.add(tell)
      return () => told.delete(tell)
    },
  }
  const slots = new ActionSlots(2, gate)
  let heard = 0
  const stop = slots.onFree(() => heard++)
  expect([slots.take(), slots.take(), slots.free]).toEqual([true, false, 0])
  // A refusal of the gate costs no slot and wakes nobody.
  expect(heard).toBe(0)
  slots.giveBack()
  expect([slots.free, places, heard]).toEqual([1, 1, 1])
  for (const tell of told) tell()
  expect(heard).toBe(2)
  stop()
  expect(told.size).toBe(0)
  const full = new ActionSlots(0, gate)
  expect([full.take(), places]).toEqual([false, 1])
})

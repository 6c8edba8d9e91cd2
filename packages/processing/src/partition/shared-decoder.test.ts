import type { StoredEvent } from '@millrace/contracts'
import { createEventDecoder } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { storedEvent } from '../stored-event.test.fixture.ts'
import { SharedDecoder } from './shared-decoder.ts'

const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time }

test('a record is decoded once for all who come by it within moments, and anew for who comes later', () => {
  const decode = createEventDecoder()
  const decoded: StoredEvent[] = []
  const shared = new SharedDecoder((stored) => {
    decoded.push(stored)
    return decode(stored)
  }, clock)
  const stored = storedEvent()
  const first = shared.decode(stored)
  clock.time += 240
  expect(shared.decode(stored)).toBe(first)
  clock.time += 250
  expect(shared.decode(stored)).toBe(first)
  clock.time += 250
  expect(shared.decode(stored)).not.toBe(first)
  clock.time += 10_000
  shared.decode(stored)
  expect(decoded).toHaveLength(3)
})

test('no more records are kept than bounds allow', () => {
  const decode = createEventDecoder()
  const shared = new SharedDecoder(decode, clock)
  const stored = storedEvent()
  const first = shared.decode(stored)
  for (let i = 0; i < 5_000; i++) shared.decode(storedEvent())
  expect(shared.decode(stored)).not.toBe(first)
})

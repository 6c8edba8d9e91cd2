import { expect, test } from 'vitest'

import { storedEvent } from '../stored-event.test.fixture.ts'
import type { FoundRecord } from './find-record.ts'
import { freshMs, RecentRecords } from './recent-records.ts'

const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time }
const record = (payload: string): FoundRecord =>
  ({ envelope: {}, stored: { ...storedEvent(), payload } }) as FoundRecord

test('a record is handed out once, and only while it is fresh', () => {
  const recent = new RecentRecords(clock)
  const [first, second] = [record('1'), record('2')]
  recent.add('a', first)
  recent.add('b', second)
  expect(recent.take('a')).toEqual({ found: first, readAt: clock.time })
  expect(recent.take('a')).toBeUndefined()
  clock.time += freshMs + 1
  expect(recent.take('b')).toBeUndefined()
})

test('the oldest leave where there are too many, or too large ones', () => {
  const recent = new RecentRecords(clock)
  for (let i = 0; i <= 2_000; i++) recent.add(String(i), record('x'))
  expect(recent.take('0')).toBeUndefined()
  expect(recent.take('1')).toBeDefined()
  const large = 'x'.repeat(1_000_000)
  for (let i = 0; i < 8; i++) recent.add(`large ${i}`, record(large))
  expect(recent.take('2000')).toBeUndefined()
  expect(recent.take('large 0')).toBeDefined()
  for (let i = 0; i < 2; i++) recent.add(`larger ${i}`, record(large))
  expect(recent.take('large 1')).toBeUndefined()
})

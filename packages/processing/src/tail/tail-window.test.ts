import type { LogBatch, StoredEvent } from '@millrace/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { at, storedEvent } from '../stored-event.test.fixture.ts'
import { TailWindow } from './tail-window.ts'

/** Records of one reading. */
const most = 500
const wide = { maxRecords: 1_000, maxBytes: 1_000_000 }

/** Commits from `first` to `last` with two events each, as one batch. */
function batch(first: number, last: number): LogBatch<StoredEvent> {
  const commits = Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  const records = commits.flatMap((commit) =>
    [0, 1].map((index) => storedEvent({ position: at(commit, index) })),
  )
  return { records, end: at(last, 1) }
}

test('a reader in the middle of a batch gets the rest of it', () => {
  const window = new TailWindow(at(10), wide)
  window.push(batch(11, 15))
  const rest = window.after(at(13, 1), most)
  expect(rest?.records.map(({ position }) => position.commit)).toEqual([14, 14, 15, 15])
  expect(rest?.end.commit).toBe(15)
})

test('batches that came one by one are read together, up to so many records', () => {
  const window = new TailWindow(at(10), wide)
  for (let commit = 11; commit <= 15; commit++) window.push(batch(commit, commit))
  const all = window.after(at(11, 1), most)
  expect(all?.records.map(({ position }) => position.commit)).toEqual([12, 12, 13, 13, 14, 14, 15, 15])
  expect(all?.end).toEqual(at(15, 1))
  const some = window.after(at(10), 5)
  expect(some?.records.map(({ position }) => position.commit)).toEqual([11, 11, 12, 12])
  expect(some?.end).toEqual(at(12, 1))
  expect(window.after(at(10), 1)?.end).toEqual(at(11, 1))
})

test('a reader at the end has to wait', () => {
  const window = new TailWindow(at(10), wide)
  expect(window.after(at(10), most)).toBeUndefined()
  window.push(batch(11, 12))
  expect(window.after(at(12, 1), most)).toBeUndefined()
  expect(window.end.commit).toBe(12)
})

test('a reader behind the start or of another generation is not covered', () => {
  const window = new TailWindow(at(10), wide)
  expect(window.covers(at(9))).toBe(false)
  expect(window.covers(at(10))).toBe(true)
  expect(window.covers({ ...at(11), generation: 'other' })).toBe(false)
})

test('the newest batch stays, whatever its size', () => {
  const window = new TailWindow(at(0), { maxRecords: 2, maxBytes: 10 })
  window.push(batch(1, 3))
  expect(window.records).toBe(6)
  window.push(batch(4, 9))
  expect(window.records).toBe(12)
  expect(window.covers(at(2))).toBe(false)
})

test('the payloads are bounded too', () => {
  const window = new TailWindow(at(0), { maxRecords: 1_000, maxBytes: 30 })
  for (let commit = 1; commit <= 10; commit++) window.push(batch(commit, commit))
  expect(window.records).toBeLessThanOrEqual(4)
})

test('readers see every event once and in order, however the window moves', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 })
  const small = fc.integer({ min: 1, max: 12 })
  fc.assert(
    fc.property(sizes, small, small, fc.nat({ max: 60 }), (lengths, maxRecords, atOnce, start) => {
      const window = new TailWindow(at(0), { maxRecords, maxBytes: 1_000_000 })
      let last = 0
      for (const length of lengths) {
        window.push(batch(last + 1, last + length))
        last += length
      }
      let position = at(Math.min(start, last))
      if (!window.covers(position)) return
      const seen: number[] = []
      for (;;) {
        const next = window.after(position, atOnce)
        if (next === undefined) break
        expect(next.records.length).toBeLessThanOrEqual(Math.max(atOnce, 10))
        seen.push(...next.records.map((record) => record.position.commit))
        position = next.end
      }
      const expected = Array.from({ length: last }, (_, index) => index + 1).filter(
        (commit) => commit > start,
      )
      expect(seen).toEqual(expected.flatMap((commit) => [commit, commit]))
      expect(window.records).toBeLessThanOrEqual(maxRecords + 10)
    }),
  )
})

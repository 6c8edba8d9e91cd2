import { bucketCount } from '@millrace/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { storedEvent } from '../stored-event.test.fixture.ts'
import { partitionOf, passes } from './partition-of.ts'

const partitionCounts = fc.integer({ min: 1, max: bucketCount })

test('every bucket has exactly one partition, and every partition a bucket', () => {
  fc.assert(
    fc.property(partitionCounts, (partitions) => {
      const used = new Set(
        Array.from({ length: bucketCount }, (_, bucket) => partitionOf(bucket, partitions)),
      )
      expect([...used].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: partitions }, (_, index) => index),
      )
    }),
  )
})

test('partitions differ by at most one bucket', () => {
  fc.assert(
    fc.property(partitionCounts, (partitions) => {
      const sizes = Array.from({ length: partitions }, () => 0)
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        const partition = partitionOf(bucket, partitions)
        sizes[partition] = (sizes[partition] ?? 0) + 1
      }
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('a filter narrows by type and by category', () => {
  const record = storedEvent({ type: 'opened' })
  expect(passes(undefined, record)).toBe(true)
  expect(passes({ types: ['opened'] }, record)).toBe(true)
  expect(passes({ types: ['closed'] }, record)).toBe(false)
  expect(passes({ categories: ['cart'] }, record)).toBe(true)
  expect(passes({ categories: ['order'], types: ['opened'] }, record)).toBe(false)
})

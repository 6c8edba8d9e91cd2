import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { bucketCount, bucketOf, bucketOfStream } from './bucket.ts'
import { escapeSubjectToken } from './escape.ts'
import { parseStreamId } from './stream-id.ts'

interface Vector {
  readonly streamId: string
  readonly category: string
  readonly key: string
  readonly escapedKey: string
  readonly bucket: number
}

const golden = JSON.parse(readFileSync(new URL('../../golden/v1/buckets.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[]
}

describe('buckets', () => {
  test('there are 64, for ever', () => {
    expect(bucketCount).toBe(64)
    expect(golden.vectors.length).toBeGreaterThanOrEqual(30)
  })

  test.each(golden.vectors)(
    '$streamId lies in bucket $bucket',
    ({ streamId, category, key, escapedKey, bucket }) => {
      expect(escapeSubjectToken(key)).toBe(escapedKey)
      expect(bucketOf(category, key)).toBe(bucket)
      expect(bucketOfStream(parseStreamId(streamId))).toBe(bucket)
    },
  )

  test('every stream lies in one of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        const bucket = bucketOf('cart', key)
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < bucketCount).toBe(true)
      }),
    )
  })

  test('many streams spread over all of them', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 6_400; i++) {
      const bucket = bucketOf('order', String(i))
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
    expect(counts.size).toBe(bucketCount)
    expect(Math.max(...counts.values())).toBeLessThan(200)
  })
})

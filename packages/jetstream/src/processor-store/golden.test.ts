import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { BucketKeys } from './bucket-keys.ts'
import type { PartitionKey } from './bucket-keys.ts'
import { partitionFormat, processorFormat } from './records.ts'
import type { PartitionRecord, ProcessorRecord } from './records.ts'

interface Golden<Value> {
  readonly what: string
  readonly subject: string
  readonly text: string
  readonly record: Value
}

const { bucket, processors, partitions } = JSON.parse(
  readFileSync(new URL('../../golden/v1/processor-keys.json', import.meta.url), 'utf8'),
) as {
  readonly bucket: string
  readonly processors: readonly Golden<ProcessorRecord>[]
  readonly partitions: readonly (Golden<PartitionRecord> & { readonly key: PartitionKey })[]
}
const keys = new BucketKeys(bucket)

describe.each(processors)('version 1: $what', ({ subject, text, record }) => {
  test('is read as it was when it was written', () => {
    expect(processorFormat.parse(text)).toEqual(record)
  })
  test('is written the same today, under the same key', () => {
    expect([keys.processor(record.processor), processorFormat.format(record)]).toEqual([subject, text])
  })
})

describe.each(partitions)('version 1: $what', ({ key, subject, text, record }) => {
  test('is read as it was when it was written', () => {
    expect(partitionFormat.parse(text)).toEqual(record)
  })
  test('is written the same today, under the same key', () => {
    expect([keys.partition(key), partitionFormat.format(record)]).toEqual([subject, text])
  })
})

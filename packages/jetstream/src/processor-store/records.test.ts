import { parsePosition } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { partitionFormat, processorFormat } from './records.ts'

const partition = {
  epoch: 3,
  owner: 'one',
  ttlMs: 1.5,
  checkpoint: parsePosition('g1:4:0'),
  recordsHandled: 9,
  lastError: undefined,
}
const processor = {
  processor: 'totals',
  log: 'shop.events',
  partitions: 2,
  start: parsePosition('g1:0:0'),
  paused: true,
  pausedBy: 'ada',
}

test('what is written is read back', () => {
  expect(partitionFormat.parse(partitionFormat.format(partition))).toEqual(partition)
  expect(processorFormat.parse(processorFormat.format(processor))).toEqual(processor)
})

test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['no object', 'null'],
  ['a list', '[]'],
  ['no version', '{}'],
  ['a later version', { version: 2 }],
  ['no epoch', { epoch: undefined }],
  ['a negative epoch', { epoch: -1 }],
  ['an empty owner', { owner: '' }],
  ['an owner that is no text', { owner: 7 }],
  ['a time-to-live that is no number', { ttlMs: '10' }],
  ['a checkpoint that is no position', { checkpoint: 'four' }],
  ['no checkpoint', { checkpoint: undefined }],
  ['half a record', { recordsHandled: 0.5 }],
  ['an error that is no text', { lastError: {} }],
])("a partition's key that holds %s cannot be read", (_what, change) => {
  const fields = JSON.parse(partitionFormat.format(partition)) as object
  const text = typeof change === 'string' ? change : JSON.stringify({ ...fields, ...change })
  expect(partitionFormat.parse(text)).toBeUndefined()
})

test.each([
  ['no name', { processor: undefined }],
  ['no log', { log: '' }],
  ['no partition', { partitions: 0 }],
  ['more partitions than there are buckets', { partitions: 65 }],
  ['no start', { start: null }],
  ['no pause', { paused: 'no' }],
  ['somebody who is no text', { pausedBy: 1 }],
  ['a later version', { version: 2 }],
])("a processor's key that holds %s cannot be read", (_what, change) => {
  const fields = JSON.parse(processorFormat.format(processor)) as object
  expect(processorFormat.parse(JSON.stringify({ ...fields, ...change }))).toBeUndefined()
})

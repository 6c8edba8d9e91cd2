import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { BucketKeys } from '../processor-store/bucket-keys.ts'
import { lockFormat } from './lock-record.ts'
import type { LockRecord } from './lock-record.ts'

interface Golden {
  readonly what: string
  readonly subject: string
  readonly text: string
  readonly record: LockRecord
}

const { bucket, locks } = JSON.parse(
  readFileSync(new URL('../../golden/v1/lock-keys.json', import.meta.url), 'utf8'),
) as { readonly bucket: string; readonly locks: readonly Golden[] }
const keys = new BucketKeys(bucket)

describe.each(locks)('version 1: $what', ({ subject, text, record }) => {
  test('is read as it was when it was written', () => {
    expect(lockFormat.parse(text)).toEqual(record)
  })
  test('is written the same today, under the same key', () => {
    expect([keys.lock(record.name), lockFormat.format(record)]).toEqual([subject, text])
  })
})

const held = {
  version: 1,
  name: 'n',
  epoch: 1,
  holding: { owner: 'o', token: 't', ttlMs: 1, acquiredAt: 1 },
}

test.each<[what: string, value: unknown]>([
  ['no JSON', 'no'],
  ['another version', { ...held, version: 2 }],
  ['no name', { ...held, name: '' }],
  ['no epoch', { ...held, epoch: -1 }],
  ['a holder without a token', { ...held, holding: { ...held.holding, token: undefined } }],
  ['progress that is none', { ...held, holding: { ...held.holding, progress: { mark: 'm' } } }],
  ['an operator without a name', { ...held, forcedBy: 3 }],
])('%s is no lock of this release', (_what, value) => {
  expect(lockFormat.parse(JSON.stringify(held))).toBeDefined()
  expect(lockFormat.parse(typeof value === 'string' ? value : JSON.stringify(value))).toBeUndefined()
})

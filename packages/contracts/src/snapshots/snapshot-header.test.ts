import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createStreamId } from '../ids/stream-id.ts'
import { parseCommitId } from '../ids/ulid.ts'
import { EventVersion } from '../values/event-version.ts'
import { formatSnapshotHeader, parseSnapshotHeader } from './snapshot-header.ts'
import type { SnapshotHeader } from './snapshot.ts'

const header: SnapshotHeader = {
  streamId: createStreamId('account', '1000-CASH'),
  name: 'account',
  version: EventVersion.parse(300),
  schemaVersion: 2,
  eventVersions: { MoneyDeposited: 1, MoneyWithdrawn: 2 },
  position: { generation: '01JD7W3M8Z0000000000000000', commit: 812, index: 1 },
  commitId: parseCommitId('01JD7W3M8Z0000000000000001'),
  occurredAt: new Date('2025-10-15T08:30:00.125Z'),
  recordedAt: new Date('2025-10-15T08:30:00.130Z'),
  takenAt: new Date('2025-10-15T08:30:01Z'),
  contentType: 'application/json',
  compression: 'zstd',
  checksum: { algorithm: 'xxhash64', value: 'ef46db3751d8e999' },
  contentChecksum: '44bc2cf5ad770999',
  encryption: [{ subject: 'customer-7', keyId: 'k1' }],
}

const golden = readFileSync(new URL('../../golden/v1/snapshot-header.json', import.meta.url), 'utf8').trim()

/** The fields as text, with the digest they should have. */
function digested(fields: object): string {
  const text = JSON.stringify(fields)
  return `${text.slice(0, -1)},"digest":"${hash('sha256', text, 'hex').slice(0, 16)}"}`
}

function without(field: string, fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field))
}

describe('a snapshot header', () => {
  test('is the text of the golden file, in this release and in every later one', () => {
    expect(formatSnapshotHeader(header, 4096)).toBe(golden)
    expect(parseSnapshotHeader(golden)).toEqual({ header, bytes: 4096 })
  })

  test('of old data has no checksum of its content', () => {
    const fields = without('digest', without('contentChecksum', JSON.parse(golden) as object))
    const old = { ...header, contentChecksum: undefined }
    expect(parseSnapshotHeader(digested(fields))).toEqual({ header: old, bytes: 4096 })
    expect(formatSnapshotHeader(old, 4096)).toBe(digested(fields))
  })

  test('of a newer format, of no format, and with any field missing or wrong is not read', () => {
    const fields = without('digest', JSON.parse(golden) as object)
    expect(parseSnapshotHeader(digested(fields))).toEqual({ header, bytes: 4096 })
    for (const field of Object.keys(fields)) {
      const missing = field === 'contentChecksum' ? [] : [without(field, fields)]
      const broken = [...missing, { ...fields, [field]: -1 }, { ...fields, [field]: null }]
      for (const each of broken) expect(parseSnapshotHeader(digested(each))).toBeUndefined()
    }
    expect(parseSnapshotHeader(digested({ ...fields, format: 2 }))).toBeUndefined()
    for (const text of ['', '[]', 'null', '1', '{']) expect(parseSnapshotHeader(text)).toBeUndefined()
  })

  test('with any byte changed is not read', () => {
    for (let at = 0; at < golden.length; at++) {
      const other = golden[at] === '1' ? '2' : '1'
      const changed = `${golden.slice(0, at)}${other}${golden.slice(at + 1)}`
      expect(parseSnapshotHeader(changed)).toBeUndefined()
    }
  })

  test('that was cut off anywhere is not read', () => {
    fc.assert(
      fc.property(fc.nat({ max: golden.length - 1 }), (length) => {
        expect(parseSnapshotHeader(golden.slice(0, length))).toBeUndefined()
      }),
    )
  })
})

import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

const nats = { NATS_URL: 'nats://127.0.0.1:4222' }

test('snapshots are in the database, every 100 events, ten of a stream, unless told otherwise', () => {
  const settings = resolveSettings({}, {})
  expect(settings).toMatchObject({
    snapshotStore: { value: 'database', origin: 'default' },
    snapshotThreshold: { value: 100, variable: 'MILLRACE_SNAPSHOT_THRESHOLD' },
    snapshotChecksumAlgorithm: { value: 'sha256', variable: 'MILLRACE_SNAPSHOT_CHECKSUM_ALGORITHM' },
    snapshotCompression: { value: false, variable: 'MILLRACE_SNAPSHOT_COMPRESSION' },
    snapshotRetentionCount: { value: 10, variable: 'MILLRACE_SNAPSHOT_RETENTION_COUNT' },
  })
})

test('the environment wins over code', () => {
  const code = {
    snapshotStore: 'jetstream',
    snapshotThreshold: 5,
    snapshotChecksumAlgorithm: 'xxhash64',
    snapshotCompression: 'gzip',
    snapshotRetentionCount: 3,
  } as const
  const values = (env: Record<string, string>): unknown[] => {
    const settings = resolveSettings(code, env)
    return [
      settings.snapshotStore.value,
      settings.snapshotThreshold.value,
      settings.snapshotChecksumAlgorithm.value,
      settings.snapshotCompression.value,
      settings.snapshotRetentionCount.value,
    ]
  }
  expect(values(nats)).toEqual(['jetstream', 5, 'xxhash64', 'gzip', 3])
  const env = {
    MILLRACE_SNAPSHOT_STORE: 'files',
    MILLRACE_SNAPSHOT_THRESHOLD: '0',
    MILLRACE_SNAPSHOT_CHECKSUM_ALGORITHM: 'sha256',
    MILLRACE_SNAPSHOT_COMPRESSION: 'false',
    MILLRACE_SNAPSHOT_RETENTION_COUNT: '0',
  }
  expect(values(env)).toEqual(['files', 0, 'sha256', false, 0])
})

test.each([
  ['MILLRACE_SNAPSHOT_STORE', 'redis'],
  ['MILLRACE_SNAPSHOT_STORE', 'jetstream'],
  ['MILLRACE_SNAPSHOT_THRESHOLD', '-1'],
  ['MILLRACE_SNAPSHOT_THRESHOLD', '1000001'],
  ['MILLRACE_SNAPSHOT_CHECKSUM_ALGORITHM', 'md5'],
  ['MILLRACE_SNAPSHOT_COMPRESSION', 'true'],
  ['MILLRACE_SNAPSHOT_RETENTION_COUNT', '10001'],
])('%s=%s is refused by name', (variable, text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

const refused = (setting: string): unknown => expect.objectContaining({ code: 'ERR_CONFIGURATION', setting })

test('every setting has a default', () => {
  const settings = resolveSettings({}, {})
  expect(settings).toEqual({
    dataDir: { value: resolve('.millrace'), origin: 'default', variable: 'MILLRACE_DATA' },
    databaseUrl: { value: undefined, origin: 'default', variable: 'DATABASE_URL' },
    natsUrl: expect.objectContaining({ value: undefined }) as unknown,
    natsCreds: expect.objectContaining({ value: undefined }) as unknown,
    natsNkeySeed: expect.objectContaining({ value: undefined }) as unknown,
    natsCa: expect.objectContaining({ value: undefined }) as unknown,
    natsCert: expect.objectContaining({ value: undefined }) as unknown,
    natsKey: expect.objectContaining({ value: undefined }) as unknown,
    natsStream: expect.objectContaining({ value: 'millrace' }) as unknown,
    natsReplicas: expect.objectContaining({ value: undefined }) as unknown,
    projectionLockDriver: expect.objectContaining({ value: 'database' }) as unknown,
    projectionLockTtlSeconds: expect.objectContaining({ value: 10 }) as unknown,
    projectionBatchWorkers: expect.objectContaining({ origin: 'default' }) as unknown,
    redisUrl: expect.objectContaining({ value: undefined }) as unknown,
    redisPrefix: expect.objectContaining({ value: 'millrace' }) as unknown,
    elasticsearchUrl: expect.objectContaining({ value: undefined }) as unknown,
    searchPrefix: expect.objectContaining({ value: 'millrace' }) as unknown,
    cacheTtlSeconds: expect.objectContaining({ value: 60 }) as unknown,
    cacheBytes: expect.objectContaining({ value: 33_554_432 }) as unknown,
    dedupTtlSeconds: expect.objectContaining({ value: 86_400 }) as unknown,
    dedupWhenAway: expect.objectContaining({ value: 'wait' }) as unknown,
    publisherMode: expect.objectContaining({ value: 'sync' }) as unknown,
    snapshotStore: expect.objectContaining({ value: 'database' }) as unknown,
    snapshotThreshold: expect.objectContaining({ value: 100 }) as unknown,
    snapshotChecksumAlgorithm: expect.objectContaining({ value: 'sha256' }) as unknown,
    snapshotCompression: expect.objectContaining({ value: false }) as unknown,
    snapshotRetentionCount: expect.objectContaining({ value: 10 }) as unknown,
    archiveFolder: expect.objectContaining({ value: resolve('.millrace/archives') }) as unknown,
    archiveAgeDays: expect.objectContaining({ value: 365 }) as unknown,
    accessLogRetentionDays: expect.objectContaining({ value: 0 }) as unknown,
    host: { value: '127.0.0.1', origin: 'default', variable: 'MILLRACE_HOST' },
    port: { value: 4400, origin: 'default', variable: 'PORT' },
    hosts: { value: [], origin: 'default', variable: 'MILLRACE_HOSTS' },
    maxEventBytes: { value: 1_000_000, origin: 'default', variable: 'MILLRACE_MAX_EVENT_BYTES' },
    cursorAllowKeyRotation: {
      value: true,
      origin: 'default',
      variable: 'MILLRACE_CURSOR_ALLOW_KEY_ROTATION',
    },
    upcasterSkipOnError: { value: false, origin: 'default', variable: 'MILLRACE_UPCASTER_SKIP_ON_ERROR' },
  })
})

test('the environment wins over code, an option over both', () => {
  const code = { dataDir: 'code', port: 1 }
  expect(resolveSettings(code, {}).port).toMatchObject({ value: 1, origin: 'code' })
  expect(resolveSettings(code, { PORT: '2' }).port).toMatchObject({ value: 2, origin: 'environment' })
  const settings = resolveSettings(code, { MILLRACE_DATA: 'env' }, { dataDir: 'option', cwd: '/base' })
  expect(settings.dataDir).toMatchObject({ value: resolve('/base/option'), origin: 'option' })
})

test('yes and no are true and false', () => {
  const code = { upcasterSkipOnError: true }
  const skips = (env: Record<string, string>) => resolveSettings(code, env).upcasterSkipOnError
  expect(skips({})).toMatchObject({ value: true, origin: 'code' })
  expect(skips({ MILLRACE_UPCASTER_SKIP_ON_ERROR: 'false' })).toMatchObject({
    value: false,
    origin: 'environment',
  })
})

test('an empty variable counts as not set', () => {
  expect(resolveSettings({}, { PORT: ' ', MILLRACE_HOSTS: '' }).port.origin).toBe('default')
})

test('hosts are separated by commas and lower-cased', () => {
  expect(resolveSettings({}, { MILLRACE_HOSTS: 'Inbox.example.org, [::2]' }).hosts.value).toEqual([
    'inbox.example.org',
    '[::2]',
  ])
})

test.each([
  ['PORT', 'abc'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['MILLRACE_MAX_EVENT_BYTES', '10'],
  ['MILLRACE_UPCASTER_SKIP_ON_ERROR', 'yes'],
  ['MILLRACE_HOSTS', 'a.example:80'],
  ['MILLRACE_HOSTS', 'a,,b'],
])('%s=%s is refused by name', (variable, text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(refused(variable))
})

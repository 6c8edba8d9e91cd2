import { expect, test } from 'vitest'

import { resolveSettings } from './settings.ts'

const nats = { NATS_URL: 'nats://127.0.0.1:4222' }

test('locks are in the database and last ten seconds unless told otherwise', () => {
  const { projectionLockDriver, projectionLockTtlSeconds } = resolveSettings({}, {})
  expect(projectionLockDriver).toEqual({
    value: 'database',
    origin: 'default',
    variable: 'MILLRACE_PROJECTION_LOCK_DRIVER',
  })
  expect(projectionLockTtlSeconds).toEqual({
    value: 10,
    origin: 'default',
    variable: 'MILLRACE_PROJECTION_LOCK_TTL',
  })
})

test('the environment wins over code', () => {
  const code = { projectionLockDriver: 'jetstream', projectionLockTtlSeconds: 30 } as const
  expect(resolveSettings(code, nats)).toMatchObject({
    projectionLockDriver: { value: 'jetstream', origin: 'code' },
    projectionLockTtlSeconds: { value: 30, origin: 'code' },
  })
  const env = { ...nats, MILLRACE_PROJECTION_LOCK_DRIVER: 'database', MILLRACE_PROJECTION_LOCK_TTL: '3600' }
  expect(resolveSettings(code, env)).toMatchObject({
    projectionLockDriver: { value: 'database', origin: 'environment' },
    projectionLockTtlSeconds: { value: 3600, origin: 'environment' },
  })
})

test.each([
  ['MILLRACE_PROJECTION_LOCK_DRIVER', 'redis'],
  ['MILLRACE_PROJECTION_LOCK_DRIVER', 'jetstream'],
  ['MILLRACE_PROJECTION_LOCK_TTL', '0'],
  ['MILLRACE_PROJECTION_LOCK_TTL', '3601'],
  ['MILLRACE_PROJECTION_LOCK_TTL', '2s'],
])('%s=%s is refused by name', (variable, text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

test('locks may be on Redis where there is one', () => {
  const env = { MILLRACE_PROJECTION_LOCK_DRIVER: 'redis', MILLRACE_REDIS_URL: 'redis://127.0.0.1' }
  expect(resolveSettings({}, env).projectionLockDriver.value).toBe('redis')
})

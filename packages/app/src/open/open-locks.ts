import type { LockDriver } from '@millrace/contracts'
import { openPostgresLocks } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import type { RedisLink } from '../services/redis-link.ts'
import type { Settings } from '../settings/settings.ts'
import { jetStreamSettings, named } from './open-events.ts'
import { WhenAsked } from './when-asked.ts'

/** What {@link openLocks} works with. */
export interface LocksRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
  /** Undefined where the settings name no Redis server. */
  readonly redis: RedisLink | undefined
}

/** Locks that close what they were opened with. */
export type OpenLocks = LockDriver & AsyncDisposable

async function onJetStream({ settings, mode }: LocksRequest): Promise<OpenLocks> {
  // Loaded where it is used: every other start is faster without it.
  const { openJetStreamLocks } = await import('@millrace/jetstream')
  const url = settings.natsUrl.value ?? ''
  const provision = mode === 'run' ? 'run' : 'refuse'
  return await named(openJetStreamLocks({ ...jetStreamSettings(url, settings), provision }), settings)
}

async function onRedis(redis: RedisLink): Promise<OpenLocks> {
  const { openRedisLocks } = await import('@millrace/redis')
  // The connection is closed by who opened it.
  return Object.assign(openRedisLocks({ connection: await redis.get() }), {
    [Symbol.asyncDispose]: async () => undefined,
  })
}

/** Locks that are opened when somebody asks for one. */
function whenAsked(open: () => Promise<OpenLocks>): OpenLocks {
  const lazily = new WhenAsked(open)
  return {
    acquire: async (...parameters) => await (await lazily.get()).acquire(...parameters),
    renew: async (...parameters) => await (await lazily.get()).renew(...parameters),
    release: async (lock) => await (await lazily.get()).release(lock),
    inspect: async (name) => await (await lazily.get()).inspect(name),
    list: async () => await (await lazily.get()).list(),
    forceRelease: async (...parameters) => await (await lazily.get()).forceRelease(...parameters),
    [Symbol.asyncDispose]: async () => await lazily[Symbol.asyncDispose](),
  }
}

/**
 * Opens the locks where the settings put them.
 * @throws {@link ConfigurationError} naming the variable; {@link ConnectionError}
 */
export async function openLocks(request: LocksRequest): Promise<OpenLocks> {
  const { settings, database, mode, redis } = request
  if (settings.projectionLockDriver.value === 'jetstream')
    return mode === 'run' ? await onJetStream(request) : whenAsked(async () => await onJetStream(request))
  if (settings.projectionLockDriver.value === 'redis' && redis !== undefined)
    return whenAsked(async () => await onRedis(redis))
  const driver = await openPostgresLocks({ database, migrate: mode === 'run' ? 'run' : 'refuse' })
  // The database is closed by who opened it.
  return Object.assign(driver, { [Symbol.asyncDispose]: async () => undefined })
}

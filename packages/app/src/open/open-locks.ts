import type { LockDriver } from '@millrace/contracts'
import { openPostgresLocks } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import type { Settings } from '../settings/settings.ts'
import { jetStreamSettings, named } from './open-events.ts'

/** What {@link openLocks} works with. */
export interface LocksRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
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

/** Locks that are opened when somebody asks for one: most of those who only look never do. */
function whenAsked(open: () => Promise<OpenLocks>): OpenLocks {
  let opening: Promise<OpenLocks> | undefined
  const opened = async (): Promise<OpenLocks> => {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  return {
    acquire: async (...parameters) => await (await opened()).acquire(...parameters),
    renew: async (...parameters) => await (await opened()).renew(...parameters),
    release: async (lock) => await (await opened()).release(lock),
    inspect: async (name) => await (await opened()).inspect(name),
    list: async () => await (await opened()).list(),
    forceRelease: async (...parameters) => await (await opened()).forceRelease(...parameters),
    [Symbol.asyncDispose]: async () => await (await opening)?.[Symbol.asyncDispose](),
  }
}

/**
 * Opens the locks where the settings put them.
 * @throws {@link ConfigurationError} naming the variable; {@link ConnectionError}
 */
export async function openLocks(request: LocksRequest): Promise<OpenLocks> {
  const { settings, database, mode } = request
  if (settings.projectionLockDriver.value === 'jetstream')
    return mode === 'run' ? await onJetStream(request) : whenAsked(async () => await onJetStream(request))
  const driver = await openPostgresLocks({ database, migrate: mode === 'run' ? 'run' : 'refuse' })
  // The database is closed by who opened it.
  return Object.assign(driver, { [Symbol.asyncDispose]: async () => undefined })
}

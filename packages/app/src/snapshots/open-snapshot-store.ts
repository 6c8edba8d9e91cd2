import { join } from 'node:path'

import type { SnapshotStore } from '@millrace/contracts'
import { openPostgresSnapshots } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { openFileSnapshots } from '@millrace/snapshots'

import { jetStreamSettings, named } from '../open/open-events.ts'
import { WhenAsked } from '../open/when-asked.ts'
import type { Settings } from '../settings/settings.ts'

/** What {@link openSnapshotStore} works with. */
export interface SnapshotStoreRequest {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
}

/** A store of snapshots that closes what it was opened with. */
export type OpenSnapshotStore = SnapshotStore & AsyncDisposable

async function onJetStream({ settings, mode }: SnapshotStoreRequest): Promise<OpenSnapshotStore> {
  // Loaded where it is used: every other start is faster without it.
  const { openJetStreamSnapshots } = await import('@millrace/jetstream')
  const target = jetStreamSettings(settings.natsUrl.value ?? '', settings)
  const provision = mode === 'run' ? 'run' : 'refuse'
  const name = `${settings.natsStream.value}_snapshots`
  return await named(openJetStreamSnapshots({ ...target, name, provision }), settings)
}

/** A store that is opened when somebody asks for a snapshot. */
function whenAsked(open: () => Promise<OpenSnapshotStore>): OpenSnapshotStore {
  const lazily = new WhenAsked(open)
  return {
    save: async (snapshot) => await (await lazily.get()).save(snapshot),
    latest: async (...parameters) => await (await lazily.get()).latest(...parameters),
    list: async (...parameters) => await (await lazily.get()).list(...parameters),
    remove: async (...parameters) => await (await lazily.get()).remove(...parameters),
    prune: async (...parameters) => await (await lazily.get()).prune(...parameters),
    streams: async (options) => await (await lazily.get()).streams(options),
    [Symbol.asyncDispose]: async () => await lazily[Symbol.asyncDispose](),
  }
}

/** What has nothing to close. */
function lasting(store: SnapshotStore): OpenSnapshotStore {
  return Object.assign(store, { [Symbol.asyncDispose]: async () => undefined })
}

/**
 * Opens the snapshots where the settings put them.
 * @throws {@link ConfigurationError} naming the variable; {@link ConnectionError}
 */
export async function openSnapshotStore(request: SnapshotStoreRequest): Promise<OpenSnapshotStore> {
  const { settings, database, mode } = request
  switch (settings.snapshotStore.value) {
    case 'jetstream':
      return mode === 'run' ? await onJetStream(request) : whenAsked(async () => await onJetStream(request))
    case 'files':
      return lasting(await openFileSnapshots({ folder: join(settings.dataDir.value, 'snapshots') }))
    default:
      return lasting(await openPostgresSnapshots({ database, migrate: mode === 'run' ? 'run' : 'refuse' }))
  }
}

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { openPg, openPglite } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { StoreMissingError } from '../errors.ts'
import type { Settings } from '../settings/settings.ts'
import { stateStorageOf } from './storage.ts'

/** The embedded database has a folder of its own below the data folder, beside secrets and server file. */
const databaseFolder = 'database'

function embeddedFolder(settings: Settings): string {
  return join(settings.dataDir.value, databaseFolder)
}

/** Of a folder whose first start was interrupted there is nothing to look at, only a lock. */
function holdsDatabase(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name === 'pg' || name === 'millrace.json')
}

/** Opening a store on a server would create its tables. */
async function openServer(url: string, settings: Settings, mode: 'run' | 'inspect'): Promise<SqlDatabase> {
  const database = await openPg({ url })
  if (mode === 'run') return database
  try {
    const [row] = await database.query<{ found: boolean }>(
      "select to_regclass('millrace.migrations') is not null as found",
    )
    if (row?.found === true) return database
    throw new StoreMissingError(
      stateStorageOf(settings).place,
      'start the app once, or name its database with DATABASE_URL',
    )
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Opens the database the settings name.
 *
 * @throws {@link StoreMissingError} in mode `inspect`, where the data folder holds none: looking never creates one
 * @throws {@link DataFolderLockedError} {@link DataFolderCorruptError} {@link ConfigurationError}
 */
export async function openDatabase(settings: Settings, mode: 'run' | 'inspect'): Promise<SqlDatabase> {
  const url = settings.databaseUrl.value
  if (url !== undefined) return openServer(url, settings, mode)
  const folder = embeddedFolder(settings)
  if (mode === 'inspect' && !holdsDatabase(folder))
    throw new StoreMissingError(
      settings.dataDir.value,
      'start the app once, or name its folder with --data or MILLRACE_DATA',
    )
  // The engine makes its files writable for everybody: the folder is what keeps other users out.
  if (mode === 'run') mkdirSync(folder, { recursive: true, mode: 0o700 })
  return openPglite({ dataDir: folder })
}

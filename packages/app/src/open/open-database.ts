import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { openPg, openPglite } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { StoreMissingError } from '../errors.ts'
import type { Settings } from '../settings/settings.ts'

/** Where the events are kept, as it may be shown. */
export interface Storage {
  readonly kind: 'embedded' | 'postgres'
  /** The data folder, or host and database; never a password. */
  readonly place: string
}

/** The embedded database has a folder of its own below the data folder, beside secrets and server file. */
const databaseFolder = 'database'

function embeddedFolder(settings: Settings): string {
  return join(settings.dataDir.value, databaseFolder)
}

/** Of a folder whose first start was interrupted there is nothing to look at, only a lock. */
function holdsDatabase(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name === 'pg' || name === 'millrace.json')
}

/** Host and database of a URL; never user or password. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'postgres'
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

/** What {@link openDatabase} would open. */
export function storageOf(settings: Settings): Storage {
  const url = settings.databaseUrl.value
  return url === undefined
    ? { kind: 'embedded', place: settings.dataDir.value }
    : { kind: 'postgres', place: placeOf(url) }
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
      storageOf(settings).place,
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

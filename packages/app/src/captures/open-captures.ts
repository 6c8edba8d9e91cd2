import { ConfigurationError } from '@millrace/contracts'
import {
  inspectCapture,
  installCapture,
  listCaptures,
  openPg,
  pruneChanges,
  removeCapture,
  repairCapture,
} from '@millrace/postgres'
import type { Capture, InstallCaptureOptions, PrunedChanges, SqlDatabase } from '@millrace/postgres'

import type { AppDefinition } from '../definition/app-definition.ts'
import { openDatabase } from '../open/open-database.ts'
import { resolveSettings } from '../settings/settings.ts'

/** Where captures are looked for. */
export interface CapturesRequest {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly dataDir?: string
  /** A `postgres://` URL of the tables. @defaultValue the database of the app */
  readonly database?: string
}

/** The captured tables of a database. */
export interface CapturedTables {
  install(options: Pick<InstallCaptureOptions, 'table' | 'name' | 'exclude' | 'tenant'>): Promise<Capture>
  list(): Promise<readonly Capture[]>
  /** Undefined for a name the log does not know. */
  inspect(name: string): Promise<Capture | undefined>
  /** Undefined for a name the log does not know. */
  repair(name: string): Promise<Capture | undefined>
  /** False for a name the log does not know. */
  remove(name: string, deleteChanges: boolean): Promise<boolean>
  prune(olderThanMs: number, dryRun: boolean): Promise<PrunedChanges>
}

/** The captured tables of an app's database. Nothing else of the app runs. */
export interface AppCaptures extends CapturedTables, AsyncDisposable {}

function checkUrl(url: string): string {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' }
  if (protocol === 'postgres:' || protocol === 'postgresql:') return url
  throw new ConfigurationError('--database', 'must be a postgres:// URL')
}

async function openFor(definition: AppDefinition, request: CapturesRequest): Promise<SqlDatabase> {
  if (request.database !== undefined) return await openPg({ url: checkUrl(request.database), poolSize: 2 })
  const { env = process.env, cwd, dataDir } = request
  const given = { ...(cwd === undefined ? {} : { cwd }), ...(dataDir === undefined ? {} : { dataDir }) }
  return await openDatabase(resolveSettings(definition.settings, env, given), 'inspect')
}

/** The captured tables of a database that is open already. */
export function capturedTables(database: SqlDatabase): CapturedTables {
  return {
    install: async (options) => await installCapture(database, options),
    list: async () => await listCaptures(database),
    inspect: async (name) => await inspectCapture(database, { name }),
    repair: async (name) => await repairCapture(database, { name }),
    remove: async (name, deleteChanges) => await removeCapture(database, { name, deleteChanges }),
    prune: async (olderThanMs, dryRun) => await pruneChanges(database, { olderThanMs, dryRun }),
  }
}

/**
 * Opens the captured tables of an app's database: what a server is looked at beside the app, an embedded one only while the
 * app is stopped.
 *
 * @throws {@link StoreMissingError} {@link ConfigurationError} {@link ConnectionError} {@link DataFolderLockedError}
 */
export async function openCaptures(
  definition: AppDefinition,
  request: CapturesRequest = {},
): Promise<AppCaptures> {
  const database = await openFor(definition, request)
  return {
    ...capturedTables(database),
    [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
  }
}

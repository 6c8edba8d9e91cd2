import { ConfigurationError } from '@millrace/contracts'
import type { LogReplacement } from '@millrace/contracts'
import { openPg, openPostgresReplacement } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import type { AppDefinition } from '../definition/app-definition.ts'
import { StoreMissingError } from '../errors.ts'
import { openDatabase } from '../open/open-database.ts'
import { jetStreamSettings } from '../open/open-events.ts'
import { storageOf } from '../open/storage.ts'
import { natsRules } from '../settings/nats-settings.ts'
import type { Environment } from '../settings/setting.ts'
import { resolveSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'

/** Which log to replace. */
export interface ReplacementRequest {
  /** A `nats://`, `tls://` or `postgres://` URL. @defaultValue where the app has its events */
  readonly source?: string
  /** The JetStream stream or SQL schema an app opens. @defaultValue the app's */
  readonly stream?: string
  /** Holds the copy. @defaultValue the stream's name with a number behind it */
  readonly to?: string
  /** Names the log's last move instead of its next one. @defaultValue false */
  readonly last?: boolean
  readonly env?: Environment
  readonly dataDir?: string
  readonly cwd?: string
}

/** A replacement, and what the app says of its events. */
export interface AppReplacement extends AsyncDisposable {
  readonly replacement: LogReplacement
  readonly maxEventBytes: number
  /** Where the events are; never a password. */
  readonly place: string
}

const defaultSchema = 'millrace'
const isPostgres = (url: string): boolean => /^postgres(ql)?:\/\//.test(url)

/** The settings, with the given source in the place of the app's own. */
function settingsFor(definition: AppDefinition, request: ReplacementRequest): Settings {
  const { source, env = process.env, dataDir, cwd } = request
  const option = {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(cwd === undefined ? {} : { cwd }),
  }
  if (source === undefined) return resolveSettings(definition.settings, env, option)
  if (isPostgres(source)) {
    const { databaseUrl, ...settings } = resolveSettings(definition.settings, env, option)
    const { natsUrl } = settings
    return {
      ...settings,
      natsUrl: { ...natsUrl, value: undefined },
      databaseUrl: { ...databaseUrl, value: source, origin: 'option' },
    }
  }
  if (!natsRules.url.holds(source))
    throw new ConfigurationError('--source', 'must be a nats://, tls:// or postgres:// URL')
  return resolveSettings(definition.settings, { ...env, NATS_URL: source }, option)
}

function optional({ to, last }: ReplacementRequest): { readonly to?: string; readonly last?: boolean } {
  return { ...(to === undefined ? {} : { to }), ...(last === undefined ? {} : { last }) }
}

function missing(settings: Settings, place: string): StoreMissingError {
  return new StoreMissingError(`${storageOf(settings).place} (${place})`, 'name the stream with --stream')
}

async function onJetStream(
  url: string,
  settings: Settings,
  request: ReplacementRequest,
): Promise<LogReplacement> {
  // Loaded where it is used: every other start is faster without it.
  const { openJetStreamReplacement } = await import('@millrace/jetstream')
  const name = request.stream ?? settings.natsStream.value
  try {
    return await openJetStreamReplacement({ ...jetStreamSettings(url, settings), name, ...optional(request) })
  } catch (error) {
    if (error instanceof ConfigurationError && error.message.endsWith('does not exist'))
      throw missing(settings, name)
    throw error
  }
}

async function inDatabase(
  database: SqlDatabase,
  settings: Settings,
  request: ReplacementRequest,
): Promise<LogReplacement> {
  const schema = request.stream ?? defaultSchema
  const [row] = await database.query<{ found: boolean }>(
    `select to_regclass(quote_ident($1) || '.commits') is not null as found`,
    [schema],
  )
  if (row?.found !== true) throw missing(settings, schema)
  return await openPostgresReplacement({ database, schema, ...optional(request) })
}

function opened(replacement: LogReplacement, settings: Settings, database?: SqlDatabase): AppReplacement {
  return {
    replacement,
    maxEventBytes: settings.maxEventBytes.value,
    place: storageOf(settings).place,
    [Symbol.asyncDispose]: async () => {
      await replacement[Symbol.asyncDispose]()
      await database?.[Symbol.asyncDispose]()
    },
  }
}

/**
 * Opens the replacement of an app's log by a copy. Runs nothing, and changes nothing by itself.
 *
 * @throws {@link StoreMissingError} where there is no such log
 * @throws {@link ConfigurationError} {@link ConnectionError} {@link DataFolderLockedError} while an embedded app runs
 */
export async function openReplacement(
  definition: AppDefinition,
  request: ReplacementRequest = {},
): Promise<AppReplacement> {
  const settings = settingsFor(definition, request)
  const url = settings.natsUrl.value
  if (url !== undefined) return opened(await onJetStream(url, settings, request), settings)
  const server = settings.databaseUrl.value
  const database = await (server === undefined ? openDatabase(settings, 'inspect') : openPg({ url: server }))
  try {
    return opened(await inDatabase(database, settings, request), settings, database)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

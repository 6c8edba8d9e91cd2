import { ConfigurationError, createEventDecoder, createIdFactory } from '@millrace/contracts'
import { openPostgresStore, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

import type { AppDefinition, ProcessorContext } from '../definition/app-definition.ts'
import { announceServer } from '../instance/server-file.ts'
import { loadSecrets, ownSecrets, readSecrets, readToken } from '../settings/secrets.ts'
import type { Secret, SecretDefinitions } from '../settings/secrets.ts'
import { resolveSettings } from '../settings/settings.ts'
import type { Environment, Settings } from '../settings/settings.ts'
import { toAppChange } from './app-change.ts'
import type { App } from './app.ts'
import { openDatabase, storageOf } from './open-database.ts'

/** Settings of {@link openApp}. */
export interface OpenOptions {
  /** `inspect` runs nothing and creates nothing. @defaultValue `'run'` */
  readonly mode?: 'run' | 'inspect'
  /** @defaultValue `process.env` */
  readonly env?: Environment
  /** The data folder; wins over environment and definition. */
  readonly dataDir?: string
}

type SecretsByName = Readonly<Record<string, Secret | undefined>>

/** The parts of an app that is being opened. */
interface Parts {
  readonly definition: AppDefinition
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly secrets: SecretsByName
  readonly token: string | undefined
  readonly mode: 'run' | 'inspect'
}

function secretReader(definitions: SecretDefinitions, secrets: SecretsByName): (name: string) => string {
  return (name) => {
    const secret = secrets[name]
    if (secret !== undefined) return secret.value
    const { variable = 'no variable' } = definitions[name] ?? {}
    throw new ConfigurationError(
      `secret ${name}`,
      `is not there yet; the first start generates it, or ${variable} sets it`,
    )
  }
}

/** What must not appear in a recorded error. */
function confidential({ secrets, token, settings }: Parts): readonly string[] {
  const url = settings.databaseUrl.value
  const password = url !== undefined && URL.canParse(url) ? decodeURIComponent(new URL(url).password) : ''
  const values = Object.values(secrets).map((secret) => secret?.value)
  return [...values, token, url, password].filter((text): text is string => text !== undefined && text !== '')
}

async function createReadModels(definition: AppDefinition, database: SqlDatabase): Promise<void> {
  for (const { name, script } of definition.readModels) {
    try {
      await database.script(script)
    } catch (cause) {
      throw new ConfigurationError(`readModels: ${name}`, 'its script failed', { cause })
    }
  }
}

async function assemble(parts: Parts): Promise<App> {
  const { definition, settings, database, secrets, token, mode } = parts
  const { maxEventBytes } = settings
  // Who only looks must not change the tables under an app of an older release.
  const migrate = mode === 'run' ? 'run' : 'refuse'
  const store = await openPostgresStore({ database, maxEventBytes: maxEventBytes.value, migrate })
  const processors = await openProcessorStore({ database, migrate })
  const decode = createEventDecoder(definition.decoding)
  const secret = secretReader({ ...definition.secrets, ...ownSecrets }, secrets)
  const context: ProcessorContext = { store, database, settings, secret }
  const running = mode === 'run' ? definition.processors(context) : undefined
  const runtime: ProcessorRuntime | undefined =
    running &&
    createProcessorRuntime({
      log: store.log,
      store: processors,
      decode,
      processors: running,
      secrets: confidential(parts),
    })
  if (runtime !== undefined) {
    await createReadModels(definition, database)
    await runtime.start()
  }
  const instance = createIdFactory()()
  const startedAt = new Date()
  const storage = storageOf(settings)
  const secretsFromEnvironment = Object.keys(secrets).filter(
    (name) => secrets[name]?.origin === 'environment',
  )
  let announcement: Disposable | undefined
  return {
    name: definition.name,
    mode,
    instance,
    startedAt,
    settings,
    storage,
    store,
    database,
    processors,
    decode,
    runtime,
    token,
    secret,
    onChange: (listener) => runtime?.onChange((fact) => listener(toAppChange(fact))) ?? (() => undefined),
    announce: (url) => {
      if (storage.kind !== 'embedded' || mode !== 'run') return
      const file = {
        url,
        pid: process.pid,
        startedAt: startedAt.toISOString(),
        instance,
        secretsFromEnvironment,
      }
      announcement = announceServer(settings.dataDir.value, file)
    },
    [Symbol.asyncDispose]: async () => {
      announcement?.[Symbol.dispose]()
      await runtime?.[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/**
 * Opens an app: its database, stores and secrets, and in mode `run` its read models and processors. Resolves when all
 * processors are registered, so that nothing appended from then on escapes them.
 *
 * @throws {@link ConfigurationError} naming the setting
 * @throws {@link StoreMissingError} in mode `inspect` where there is no store
 * @throws {@link DataFolderLockedError} {@link DataFolderCorruptError} {@link ConnectionError}
 */
export async function openApp<Secrets extends SecretDefinitions>(
  definition: AppDefinition<Secrets>,
  options: OpenOptions = {},
): Promise<App<Secrets>> {
  const { mode = 'run', env = process.env, dataDir } = options
  const settings = resolveSettings(definition.settings, env, dataDir === undefined ? {} : { dataDir })
  const folder = settings.dataDir.value
  const token = readToken(folder, env)
  const database = await openDatabase(settings, mode)
  try {
    // After the database: where it cannot be opened, nothing is generated.
    const secrets = (mode === 'run' ? loadSecrets : readSecrets)(
      { ...definition.secrets, ...ownSecrets },
      folder,
      env,
    )
    return await assemble({ definition, settings, database, secrets, token, mode })
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

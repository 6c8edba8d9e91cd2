import { ConfigurationError, createIdFactory } from '@millrace/contracts'
import type { AccessLog, EventDecoder, HashChain, LogPartitions, ProcessorStore } from '@millrace/contracts'
import { forgetProcessors, openProcessorStore, openProjectionStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createMasker } from '@millrace/privacy'
import type { Privacy } from '@millrace/privacy'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import { openProjections } from '@millrace/projections'
import type { Projections } from '@millrace/projections'
import type { CursorKeys } from '@millrace/query'

import type { AppDefinition, ProcessorContext } from '../definition/app-definition.ts'
import { announceServer } from '../instance/server-file.ts'
import { earlierSecrets, openCursorKeys, signingSecrets } from '../settings/cursor-secrets.ts'
import { readTokenHolders } from '../settings/principals.ts'
import type { TokenHolder } from '../settings/principals.ts'
import { loadSecrets, ownSecrets, readSecrets, readToken } from '../settings/secrets.ts'
import type { SecretDefinitions } from '../settings/secrets.ts'
import type { Environment } from '../settings/setting.ts'
import { resolveSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { AppSnapshots } from '../snapshots/app-snapshots.ts'
import { openSnapshotStore } from '../snapshots/open-snapshot-store.ts'
import type { OpenSnapshotStore } from '../snapshots/open-snapshot-store.ts'
import { toAppChange } from './app-change.ts'
import { createAppDecoders } from './app-decoders.ts'
import { appPublishing } from './app-publishing.ts'
import type { App } from './app.ts'
import { carryProcessorsOver } from './carry-over.ts'
import { confidential } from './confidential.ts'
import type { SecretsByName } from './confidential.ts'
import { openDatabase } from './open-database.ts'
import { checkEvents, openEvents } from './open-events.ts'
import type { Events } from './open-events.ts'
import { openLocks } from './open-locks.ts'
import type { OpenLocks } from './open-locks.ts'
import { openPartitions } from './open-partitions.ts'
import { openAccessLog, openChain, openPrivacy, protectedDecoding } from './open-privacy.ts'
import { checkMayCreate, checkSameLog } from './same-log.ts'
import { storageOf } from './storage.ts'

/** Settings of {@link openApp}. */
export interface OpenOptions {
  /** `inspect` runs nothing and creates nothing. @defaultValue `'run'` */
  readonly mode?: 'run' | 'inspect'
  /** @defaultValue `process.env` */
  readonly env?: Environment
  /** The data folder; wins over environment and definition. */
  readonly dataDir?: string
}

/** What processors are run with. */
interface Running {
  readonly decode: EventDecoder
  readonly skipOnError: boolean
  readonly secret: (name: string) => string
}

/** The parts of an app that is being opened. */
interface Parts {
  readonly definition: AppDefinition
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly events: Events
  readonly processors: ProcessorStore
  readonly locks: OpenLocks
  readonly saved: OpenSnapshotStore
  readonly secrets: SecretsByName
  readonly token: string | undefined
  readonly mode: 'run' | 'inspect'
  readonly cursors: CursorKeys
  readonly privacy: Privacy | undefined
  readonly accessLog: AccessLog | undefined
  readonly tokenHolders: readonly TokenHolder[]
  readonly chain: HashChain | undefined
  readonly partitions: LogPartitions | undefined
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

/** @throws {@link ConfigurationError} for a name that a processor of the app has */
async function forgetFormer(
  { formerProcessors }: AppDefinition,
  database: SqlDatabase,
  present: readonly Processor[],
): Promise<void> {
  const both = formerProcessors.find((former) => present.some(({ name }) => name === former))
  if (both !== undefined)
    throw new ConfigurationError('formerProcessors', `the app has a processor called ${both}`)
  if (formerProcessors.length > 0)
    await forgetProcessors(database, { processors: formerProcessors, by: 'start' })
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

/** What runs the definition's processors, started; undefined where nothing is to run. */
async function startRuntime(parts: Parts, about: Running): Promise<ProcessorRuntime | undefined> {
  const { definition, settings, database, events, processors, locks, mode } = parts
  const { decode, skipOnError, secret } = about
  if (mode !== 'run') return undefined
  const { store } = events
  const context: ProcessorContext = { store, database, settings, secret }
  const present = definition.processors(context)
  const runtime = createProcessorRuntime({
    log: store.log,
    store: processors,
    locks,
    leaseTtlMs: settings.projectionLockTtlSeconds.value * 1000,
    decode,
    skipUpcastErrors: skipOnError,
    processors: present,
    secrets: confidential(parts),
  })
  try {
    // First: what still feeds tables of an earlier release must not find others under their names.
    await forgetFormer(definition, database, present)
    await createReadModels(definition, database)
    await runtime.start()
    return runtime
  } catch (error) {
    await runtime[Symbol.asyncDispose]()
    throw error
  }
}

/** The definition's read models, at work where there is a runtime. */
async function startProjections(parts: Parts, runtime: ProcessorRuntime | undefined): Promise<Projections> {
  const { definition, settings, database, events, processors, mode } = parts
  try {
    return await openProjections({
      projections: definition.projections,
      models: await openProjectionStore({ database, migrate: mode === 'run' ? 'run' : 'refuse' }),
      processors,
      log: events.store.log,
      batchWorkers: settings.projectionBatchWorkers.value,
      // Nobody would erase a data subject from a table that nobody feeds.
      keepRetired: definition.privacy === undefined,
      ...(runtime === undefined ? {} : { runtime }),
    })
  } catch (error) {
    await runtime?.[Symbol.asyncDispose]()
    throw error
  }
}

/** The definition's snapshots, on schedule where the app runs. */
function startSnapshots(parts: Parts, decode: EventDecoder): AppSnapshots {
  const { definition, settings, saved, events, mode } = parts
  const { store } = events
  const { snapshots: definitions } = definition
  const snapshots = new AppSnapshots({
    definitions,
    settings,
    saved,
    store,
    decode,
    sealing: parts.privacy?.snapshotSealing,
  })
  if (mode === 'run') snapshots.start()
  return snapshots
}

async function assemble(parts: Parts): Promise<App> {
  const { definition, settings, database, events, processors, locks, secrets, token, mode } = parts
  const { store, jetstream } = events
  const skipOnError = settings.upcasterSkipOnError.value
  const decoders = createAppDecoders(protectedDecoding(definition.decoding, parts.privacy), skipOnError)
  const secret = secretReader({ ...definition.secrets, ...ownSecrets }, secrets)
  const runtime = await startRuntime(parts, { decode: decoders.strict, skipOnError, secret })
  const projections = await startProjections(parts, runtime)
  const snapshots = startSnapshots(parts, decoders.strict)
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
    jetstream,
    database,
    processors,
    locks,
    snapshots,
    cursors: parts.cursors,
    privacy: parts.privacy,
    mask: definition.masked.length === 0 ? undefined : createMasker({ fields: definition.masked }),
    accessLog: parts.accessLog,
    tokenHolders: parts.tokenHolders,
    chain: parts.chain,
    partitions: parts.partitions,
    decode: decoders.lenient,
    decoders,
    runtime,
    projections,
    token,
    secret,
    publishing: (relay) => appPublishing(relay, { store, settings, runtime, processors }),
    onChange: (listener) => runtime?.onChange((fact) => listener(toAppChange(fact))) ?? (() => undefined),
    announce: (url) => {
      if (storage.state.kind !== 'embedded' || mode !== 'run') return
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
      await projections[Symbol.asyncDispose]()
      await runtime?.[Symbol.asyncDispose]()
      await snapshots[Symbol.asyncDispose]()
      await locks[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Closes what is open already where the next step fails. */
async function withOpen<Resource extends AsyncDisposable, Result>(
  resource: Resource,
  next: (resource: Resource) => Promise<Result>,
): Promise<Result> {
  try {
    return await next(resource)
  } catch (error) {
    await resource[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * Opens an app: its database, stores and secrets, and in mode `run` its read models and processors. Resolves when all
 * processors are registered, so that nothing appended from then on escapes them.
 *
 * @throws {@link ConfigurationError} naming the setting, also where events and state are not those of one app
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
  const tokenHolders = readTokenHolders(env)
  const createsLog = await checkEvents(settings, mode)
  return await withOpen(await openDatabase(settings, mode), async (database) => {
    const processors = await openProcessorStore({ database, migrate: mode === 'run' ? 'run' : 'refuse' })
    const known = await processors.status()
    if (createsLog) checkMayCreate(known, settings)
    const { serializer } = definition
    const events = await openEvents({ settings, database, mode, serializer })
    return await withOpen(events.store, async () => {
      await checkSameLog(known, events.store, settings)
      if (mode === 'run') await carryProcessorsOver(known, events.store.log, processors)
      return await withOpen(await openLocks({ settings, database, mode }), async (locks) => {
        // After the stores: where one cannot be opened, nothing is generated.
        const secrets = (mode === 'run' ? loadSecrets : readSecrets)(
          { ...definition.secrets, ...ownSecrets, ...signingSecrets },
          folder,
          env,
        )
        const cursors = openCursorKeys(secrets['cursorKey'], env, settings)
        const { store } = events
        const secured = await openPrivacy({ definition, settings, database, store, mode })
        const accessLog = await openAccessLog({ definition, database, mode })
        const secret = secrets['anchorKey']
        const signing = { secret, earlierSecrets: earlierSecrets(env, 'anchorKey') }
        const chain = await openChain({ definition, database, events, mode, ...signing })
        const partitions = await openPartitions({ database, events, mode, ...signing })
        return await withOpen(await openSnapshotStore({ settings, database, mode }), async (saved) =>
          assemble({
            definition,
            settings,
            database,
            events: { ...events, store: secured?.store ?? events.store },
            processors,
            locks,
            saved,
            secrets,
            token,
            mode,
            cursors,
            privacy: secured?.privacy,
            accessLog,
            tokenHolders,
            chain,
            partitions,
          }),
        )
      })
    })
  })
}

import { ConfigurationError, createIdFactory, noMetrics } from '@millrace/contracts'
import type {
  AccessLog,
  EventDecoder,
  EventLog,
  HashChain,
  LogPartitions,
  ProcessorStore,
  StoredEvent,
} from '@millrace/contracts'
import { openChangeLog, openProcessorStore, openProjectionStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createMasker } from '@millrace/privacy'
import type { Privacy } from '@millrace/privacy'
import type { ProcessorRuntime } from '@millrace/processing'
import { openProjections } from '@millrace/projections'
import type { Projections } from '@millrace/projections'
import type { CursorKeys } from '@millrace/query'

import type { AppDefinition } from '../definition/app-definition.ts'
import type { ProcessorContext } from '../definition/processor-context.ts'
import { OpenHealth } from '../health/app-health.ts'
import { appProbes } from '../health/app-probes.ts'
import { announceServer } from '../instance/server-file.ts'
import { openObserving } from '../observers/app-observing.ts'
import { retriesOf } from '../services/job-definition.ts'
import { openServices } from '../services/open-services.ts'
import type { OpenServices } from '../services/open-services.ts'
import { serviceErasers } from '../services/service-erasers.ts'
import { startJobs } from '../services/start-jobs.ts'
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
import type { SecretsByName } from './confidential.ts'
import { openDatabase } from './open-database.ts'
import { checkEvents, openEvents } from './open-events.ts'
import type { Events } from './open-events.ts'
import { openPartitions } from './open-partitions.ts'
import { openAccessLog, openChain, openPrivacy, protectedDecoding } from './open-privacy.ts'
import { checkMayCreate, checkSameLog, withoutChanges } from './same-log.ts'
import { startRuntime } from './start-runtime.ts'
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

/** The parts of an app that is being opened. */
interface Parts {
  readonly definition: AppDefinition
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly events: Events
  readonly processors: ProcessorStore
  readonly services: OpenServices
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
  readonly changes: EventLog<StoredEvent> & AsyncDisposable
  readonly env: Environment
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
  const { definition, settings, database, events, processors, secrets, token, mode } = parts
  const { store, jetstream } = events
  const skipOnError = settings.upcasterSkipOnError.value
  const decoders = createAppDecoders(protectedDecoding(definition.decoding, parts.privacy), skipOnError)
  const secret = secretReader({ ...definition.secrets, ...ownSecrets }, secrets)
  const { locks, cache, dedup, queue, search, searchIndexes } = parts.services
  const metrics = parts.services.metrics ?? noMetrics
  const context: ProcessorContext = {
    store,
    database,
    settings,
    secret,
    cache,
    dedup,
    queue,
    search,
    metrics,
  }
  const { changes } = parts
  const observing = await openObserving({ ...parts, locks, metrics, context, searchIndexes })
  const further = [...searchIndexes.processorsOn('events', context), ...observing.eventProcessors]
  const running = { ...parts, locks, metrics, context, decode: decoders.strict, skipOnError, further }
  const runtime = await closingOnFailure([observing], async () =>
    mode === 'run' ? await startRuntime(running) : undefined,
  )
  if (runtime !== undefined) {
    searchIndexes.attach('events', { runtime, log: store.log })
    await closingOnFailure([runtime, observing], async () => await observing.start(runtime))
  }
  const projections = await closingOnFailure([observing], async () => await startProjections(parts, runtime))
  const snapshots = startSnapshots(parts, decoders.strict)
  const work = mode === 'run' ? startJobs(definition.jobs, context) : undefined
  const instance = createIdFactory()()
  const startedAt = new Date()
  const storage = storageOf(settings)
  const secretsFromEnvironment = Object.keys(secrets).filter(
    (name) => secrets[name]?.origin === 'environment',
  )
  const { redis } = parts.services
  const health = new OpenHealth(appProbes({ settings, storage, database, jetstream, redis, search }))
  if (mode === 'run') health.start()
  let announcement: Disposable | undefined
  return {
    name: definition.name,
    mode,
    instance,
    startedAt,
    settings,
    storage,
    health,
    store,
    jetstream,
    database,
    processors,
    locks,
    metrics: parts.services.metrics,
    snapshots,
    cache,
    dedup,
    queue,
    search,
    searchIndexes,
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
    changes,
    changeRuntime: observing.changeRuntime,
    observers: observing.observers,
    projections,
    token,
    secret,
    publishing: (relay) => appPublishing(relay, { store, settings, runtime, processors }),
    onChange: (listener) => {
      const runtimes = [runtime, observing.changeRuntime].flatMap((each) => each ?? [])
      const stops = runtimes.map((each) => each.onChange((fact) => listener(toAppChange(fact))))
      return () => stops.forEach((stop) => stop())
    },
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
      health[Symbol.dispose]()
      await work?.[Symbol.asyncDispose]()
      await projections[Symbol.asyncDispose]()
      await observing.stop()
      await runtime?.[Symbol.asyncDispose]()
      await observing[Symbol.asyncDispose]()
      await snapshots[Symbol.asyncDispose]()
      await parts.services[Symbol.asyncDispose]()
      await parts.changes[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Closes these, in their order, where the work fails. */
async function closingOnFailure<Result>(
  resources: readonly AsyncDisposable[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await closeAll(resources)
    throw error
  }
}

async function closeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  for (const resource of resources) await resource[Symbol.asyncDispose]()
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
    const migrate = mode === 'run' ? 'run' : 'refuse'
    const maxEventBytes = settings.maxEventBytes.value
    const changes = await openChangeLog({ database, migrate, maxEventBytes })
    const known = withoutChanges(await processors.status(), changes)
    if (createsLog) checkMayCreate(known, settings)
    const { serializer } = definition
    const events = await openEvents({ settings, database, mode, serializer })
    const logs = { [Symbol.asyncDispose]: async () => await closeAll([changes, events.store]) }
    return await withOpen(logs, async () => {
      await checkSameLog(known, events.store, settings)
      if (mode === 'run') await carryProcessorsOver(known, events.store.log, processors)
      const jobs = retriesOf(definition.jobs)
      const { searchIndexes: indices, captures } = definition
      return await withOpen(
        await openServices({ settings, database, mode, jobs, indices }),
        async (services) => {
          // After the stores: where one cannot be opened, nothing is generated.
          const secrets = (mode === 'run' ? loadSecrets : readSecrets)(
            { ...definition.secrets, ...ownSecrets, ...signingSecrets },
            folder,
            env,
          )
          const cursors = openCursorKeys(secrets['cursorKey'], env, settings)
          const { store } = events
          const secured = await openPrivacy({
            definition,
            settings,
            database,
            store,
            mode,
            erasers: serviceErasers({ ...services, database, captures }),
          })
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
              services,
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
              changes,
              env,
            }),
          )
        },
      )
    })
  })
}

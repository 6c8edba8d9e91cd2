import { ConfigurationError } from '@millrace/contracts'
import type { EventStore, Serializer } from '@millrace/contracts'
import type { JetStreamStore, JetStreamStoreOptions, NatsCredentials } from '@millrace/jetstream'
import { openPostgresStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import { StoreMissingError } from '../errors.ts'
import { serversOf } from '../settings/nats-settings.ts'
import type { Settings } from '../settings/settings.ts'
import { storageOf } from './storage.ts'

/** The event store of an app. */
export interface Events {
  readonly store: EventStore
  /** The same store where it is one on JetStream, with what only that can tell. */
  readonly jetstream: JetStreamStore | undefined
}

/** What {@link openEvents} works with. */
export interface EventsRequest {
  readonly settings: Settings
  /** Holds the events where the settings name no NATS server. */
  readonly database: SqlDatabase
  readonly mode: 'run' | 'inspect'
  /** Of new events; undefined for JSON. */
  readonly serializer?: Serializer | undefined
}

function credentialsOf({ natsCreds, natsNkeySeed }: Settings): NatsCredentials | undefined {
  if (natsCreds.value !== undefined) return { credsFile: natsCreds.value }
  return natsNkeySeed.value === undefined ? undefined : { nkeySeed: natsNkeySeed.value }
}

/** Naming a certificate asks for TLS, whatever the scheme of the URL. */
function tlsOf({ natsCa, natsCert, natsKey }: Settings): Pick<JetStreamStoreOptions, 'tls'> {
  const tls = {
    ...(natsCa.value === undefined ? {} : { caFile: natsCa.value }),
    ...(natsCert.value === undefined ? {} : { certFile: natsCert.value }),
    ...(natsKey.value === undefined ? {} : { keyFile: natsKey.value }),
  }
  return Object.keys(tls).length === 0 ? {} : { tls }
}

/** How to reach the JetStream the settings name. */
export function jetStreamSettings(url: string, settings: Settings): JetStreamStoreOptions {
  const { natsStream, natsReplicas, maxEventBytes } = settings
  const credentials = credentialsOf(settings)
  return {
    servers: serversOf(url),
    name: natsStream.value,
    maxEventBytes: maxEventBytes.value,
    ...tlsOf(settings),
    ...(natsReplicas.value === undefined ? {} : { replicas: natsReplicas.value }),
    ...(credentials === undefined ? {} : { credentials }),
  }
}

function byVariable(error: unknown, settings: Settings): unknown {
  if (!(error instanceof ConfigurationError)) return error
  const { natsUrl, natsCreds, natsNkeySeed, natsStream, natsReplicas } = settings
  const credentials = [natsCreds, natsNkeySeed].find(({ value }) => value !== undefined) ?? natsUrl
  const variables: Readonly<Record<string, string>> = {
    servers: natsUrl.variable,
    credentials: credentials.variable,
    'credentials.credsFile': natsCreds.variable,
    'tls.caFile': settings.natsCa.variable,
    'tls.certFile': settings.natsCert.variable,
    'tls.keyFile': settings.natsKey.variable,
    name: natsStream.variable,
    replicas: natsReplicas.variable,
  }
  const variable = variables[error.setting]
  if (variable === undefined) return error
  const problem = error.message.slice(`${error.setting}: `.length)
  return new ConfigurationError(variable, problem, { cause: error })
}

/** The operator set a variable, not an option of the store's. */
export async function named<Result>(opening: Promise<Result>, settings: Settings): Promise<Result> {
  try {
    return await opening
  } catch (error) {
    throw byVariable(error, settings)
  }
}

/**
 * Finds out whether the event store can be opened, before anything is created: where JetStream is asked for, it connects,
 * and looks at the stream. True where opening would create the log.
 *
 * @throws {@link StoreMissingError} in mode `inspect`, where there is no stream
 * @throws {@link ConfigurationError} naming the variable; {@link ConnectionError}
 */
export async function checkEvents(settings: Settings, mode: 'run' | 'inspect'): Promise<boolean> {
  const url = settings.natsUrl.value
  // The database has the tables of a log of its own as soon as it has those of the state.
  if (url === undefined) return false
  // Loaded where it is used: every other start is faster without it.
  const { inspectJetStream } = await import('@millrace/jetstream')
  const { kind } = await named(inspectJetStream(jetStreamSettings(url, settings)), settings)
  if (kind === 'create' && mode === 'inspect')
    throw new StoreMissingError(
      storageOf(settings).place,
      `start the app once, or name its stream with ${settings.natsStream.variable}`,
    )
  return kind === 'create'
}

/**
 * Opens the event store the settings name: on JetStream where there is a `NATS_URL`, else in the database.
 * @throws {@link ConfigurationError} naming the variable; {@link ConnectionError}
 */
export async function openEvents({ settings, database, mode, serializer }: EventsRequest): Promise<Events> {
  const url = settings.natsUrl.value
  // Who only looks must change neither stream nor tables under an app of another release.
  const provision = mode === 'run' ? 'run' : 'refuse'
  const writing = serializer === undefined ? {} : { serializer }
  if (url !== undefined) {
    const { openJetStreamStore } = await import('@millrace/jetstream')
    const options = { ...jetStreamSettings(url, settings), ...writing, provision } as const
    const jetstream = await named(openJetStreamStore(options), settings)
    return { store: jetstream, jetstream }
  }
  const maxEventBytes = settings.maxEventBytes.value
  const store = await openPostgresStore({ database, maxEventBytes, ...writing, migrate: provision })
  return { store, jetstream: undefined }
}

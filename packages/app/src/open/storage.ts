import { serversOf } from '../settings/nats-settings.ts'
import type { Settings } from '../settings/settings.ts'

/** Where an app keeps its state: ledger, checkpoints and read models. */
export interface StateStorage {
  /** `embedded`: PGlite in the data folder. */
  readonly kind: 'embedded' | 'postgres'
  /** The data folder, or host and database; never a password. */
  readonly place: string
}

/** Where an app keeps its events and its state, as it may be shown. */
export interface Storage {
  /** Of the events. */
  readonly kind: StateStorage['kind'] | 'jetstream'
  /** Of the events: the data folder, host and database, or servers and stream; never a password. */
  readonly place: string
  readonly state: StateStorage
}

/** Host and database of a URL; never user or password. */
function databasePlace(url: string): string {
  if (!URL.canParse(url)) return 'postgres'
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

/** Hosts and stream; never user, password or token. */
function streamPlace(url: string, stream: string): string {
  const hosts = serversOf(url).map((server) => URL.parse(server)?.host ?? 'nats')
  return `${hosts.join(',')}/${stream}`
}

/** Where the settings put the state. */
export function stateStorageOf({ databaseUrl, dataDir }: Settings): StateStorage {
  const url = databaseUrl.value
  return url === undefined
    ? { kind: 'embedded', place: dataDir.value }
    : { kind: 'postgres', place: databasePlace(url) }
}

/** Where the settings put events and state. */
export function storageOf(settings: Settings): Storage {
  const state = stateStorageOf(settings)
  const { natsUrl, natsStream } = settings
  return natsUrl.value === undefined
    ? { ...state, state }
    : { kind: 'jetstream', place: streamPlace(natsUrl.value, natsStream.value), state }
}

import type { NatsLink } from '../link/nats-link.ts'

/** One server's copy of the log. */
export interface ReplicaHealth {
  readonly name: string
  /** It has everything that was written. */
  readonly current: boolean
  /** Writes it has yet to take. */
  readonly lag: number
}

/** What a store says of itself. */
export interface StoreHealth {
  /** The server this process is connected to, and its version. */
  readonly server: string
  readonly version: string
  /** Milliseconds the answer took. */
  readonly roundTripMs: number
  /** The server that takes the writes; undefined where there is none at the moment. */
  readonly leader: string | undefined
  /** The other copies; none without a cluster. */
  readonly replicas: readonly ReplicaHealth[]
  readonly messages: number
  readonly bytes: number
  /** Of the oldest and the newest message; 0 where there never was one. */
  readonly firstSequence: number
  readonly lastSequence: number
  /** The most bytes the stream may take; undefined for no limit. */
  readonly maxBytes: number | undefined
  readonly consumers: number
}

interface InfoAnswer {
  readonly config: { readonly max_bytes?: number }
  readonly state: {
    readonly messages: number
    readonly bytes: number
    readonly first_seq: number
    readonly last_seq: number
    readonly consumer_count: number
  }
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly lag?: number }[]
  }
}

/** Asks the server for what it knows of the store's stream. */
export async function readHealth(link: NatsLink, name: string): Promise<StoreHealth> {
  const start = performance.now()
  const { config, state, cluster } = await link.api<InfoAnswer>(`STREAM.INFO.${name}`)
  const roundTripMs = performance.now() - start
  const { server_name: server, version } = link.info
  const { max_bytes: maxBytes = -1 } = config
  return {
    server,
    version,
    roundTripMs,
    leader: cluster?.leader,
    replicas: (cluster?.replicas ?? []).map(({ name: replica, current, lag = 0 }) => ({
      name: replica,
      current,
      lag,
    })),
    messages: state.messages,
    bytes: state.bytes,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    maxBytes: maxBytes < 0 ? undefined : maxBytes,
    consumers: state.consumer_count,
  }
}

import { createIdFactory } from '@millrace/contracts'
import { startNats, startNatsCluster } from '@millrace/tools/services'
import type { NatsCluster, NatsServer, NatsSettings } from '@millrace/tools/services'

import type { StoreTarget } from './store-target.ts'

/** One server, or three that replicate each stream three times. */
export const topologies = ['R1', 'R3'] as const

/** One of {@link topologies}. */
export type Topology = (typeof topologies)[number]

/** Servers of a topology, for one test file. */
export interface Servers extends AsyncDisposable {
  readonly topology: Topology
  readonly nodes: readonly NatsServer[]
  /** Undefined where there is one server only. */
  readonly cluster: NatsCluster | undefined
  readonly urls: readonly string[]
  /** A store that does not exist yet. */
  newTarget(options?: Partial<StoreTarget>): StoreTarget
}

/** Long enough for a cluster to form on a busy machine. */
export const startTimeoutMs = 120_000

const mint = createIdFactory()

/** A name nothing else uses. */
export function freshName(prefix = 'store'): string {
  return `${prefix}_${mint().toLowerCase()}`
}

/** What makes the servers of a test special. */
export interface ServerSettings {
  readonly settings?: NatsSettings
  readonly jetstream?: NatsSettings
  /** Whether clients of a cluster are told of its other servers. @defaultValue true */
  readonly advertise?: boolean
}

/** Starts servers of our own: tests pause them, kill them and fill them. */
export async function startServers(topology: Topology, settings: ServerSettings = {}): Promise<Servers> {
  const { nodes, cluster, dispose } =
    topology === 'R1' ? await oneServer(settings) : await threeServers(settings)
  const urls = nodes.map(({ url }) => url)
  return {
    topology,
    nodes,
    cluster,
    urls,
    newTarget: (options = {}) => ({
      servers: urls,
      name: freshName(),
      replicas: nodes.length,
      ...options,
    }),
    [Symbol.asyncDispose]: dispose,
  }
}

interface Started {
  readonly nodes: readonly NatsServer[]
  readonly cluster: NatsCluster | undefined
  readonly dispose: () => Promise<void>
}

async function oneServer({ advertise: _, ...settings }: ServerSettings): Promise<Started> {
  const server = await startNats(settings)
  return { nodes: [server], cluster: undefined, dispose: () => server[Symbol.asyncDispose]() }
}

async function threeServers(settings: ServerSettings): Promise<Started> {
  const servers = await startNatsCluster(settings)
  return { nodes: servers.nodes, cluster: servers, dispose: () => servers[Symbol.asyncDispose]() }
}

import { setTimeout as sleep } from 'node:timers/promises'

import type { NatsConfiguration } from './nats-config.ts'
import { createNats } from './nats.ts'
import type { NatsServer, NatsVersion } from './nats.ts'
import { freePort, host } from './port.ts'

const names = ['n1', 'n2', 'n3'] as const
const formTimeoutMs = 30_000
/** A new leader is elected 4 to 9 seconds after the old one fell silent. */
const leaderTimeoutMs = 20_000

/** Options of {@link startNatsCluster}. */
export interface NatsClusterOptions extends NatsConfiguration {
  /** @defaultValue the newest */
  readonly version?: NatsVersion
  /** Whether a client of one node is told of the others, and so finds a way past a proxy. @defaultValue true */
  readonly advertise?: boolean
}

/** Three servers that replicate each other's streams. */
export class NatsCluster implements AsyncDisposable {
  readonly nodes: readonly NatsServer[]

  constructor(nodes: readonly NatsServer[]) {
    this.nodes = nodes
  }

  /** Of all nodes, in their order. */
  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url)
  }

  /** The node that holds itself for the stream's leader; waits while there is none. */
  async leaderOf(stream: string): Promise<NatsServer> {
    const deadline = performance.now() + leaderTimeoutMs
    for (;;) {
      const claims = await Promise.all(
        this.nodes.map(async (node) => (await node.monitor.leaderOf(stream)) === node.name),
      )
      // A node that lost its lead without knowing it yet claims it too, but not for long.
      const leaders = this.nodes.filter((_, i) => claims[i])
      const [leader, ...others] = leaders
      if (leader !== undefined && others.length === 0) return leader
      if (performance.now() > deadline)
        throw new Error(`stream ${stream} had no single leader for ${leaderTimeoutMs / 1000} s`)
      await sleep(50)
    }
  }

  /** Resolves when all nodes run and are up to date. */
  async whenWhole(): Promise<void> {
    const deadline = performance.now() + formTimeoutMs
    while (!(await this.#isWhole())) {
      if (performance.now() > deadline)
        throw new Error(`the cluster was not whole after ${formTimeoutMs / 1000} s`)
      await sleep(50)
    }
  }

  async #isWhole(): Promise<boolean> {
    const size = this.nodes.length
    const checks = this.nodes.map(({ monitor, name }) =>
      Promise.all([monitor.isHealthy(), monitor.leadsCluster(name, size)]),
    )
    const found = await Promise.all(checks)
    return found.every(([healthy]) => healthy) && found.some(([, leads]) => leads)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }
}

/** Every node or none. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const cluster = new NatsCluster(await createNodes(options))
  try {
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.whenWhole()
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
  return cluster
}

async function createNodes({
  settings = {},
  advertise = true,
  ...options
}: NatsClusterOptions): Promise<NatsServer[]> {
  const routePorts = await Promise.all(names.map(() => freePort()))
  const routes = routePorts.map((port) => `nats://${host}:${port}`)
  const nodes: NatsServer[] = []
  for (const [i, name] of names.entries()) {
    const listen = `${host}:${routePorts[i]}`
    const cluster = { name: 'millrace', listen, routes, no_advertise: !advertise }
    nodes.push(await createNats({ ...options, name, settings: { cluster, ...settings } }))
  }
  return nodes
}

import { startNats, startNatsCluster } from '../../services/index.ts'
import type { SuiteOptions } from '../harness/suite.ts'

/** One server, or three that replicate each stream three times. */
export const topologies = ['R1', 'R3'] as const

/** One of {@link topologies}. */
export type Topology = (typeof topologies)[number]

/** Where a contest takes place. */
export interface Venue {
  readonly urls: readonly string[]
  readonly replicas: 1 | 3
}

interface Started extends AsyncDisposable {
  readonly urls: readonly string[]
}

async function startOne(): Promise<Started> {
  const server = await startNats()
  return { urls: [server.url], [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** Servers of the benchmarks' own; each topology starts when it is first asked for, and the other one then stops. */
export class BenchServers implements AsyncDisposable {
  readonly #options: SuiteOptions
  #running: { readonly topology: Topology; readonly started: Promise<Started> } | undefined

  constructor(options: SuiteOptions) {
    this.#options = options
  }

  async venue(topology: Topology): Promise<Venue> {
    this.#options.signal.throwIfAborted()
    if (this.#running?.topology !== topology) {
      await this.#stop()
      this.#running = { topology, started: topology === 'R1' ? startOne() : startNatsCluster() }
    }
    const { urls } = await this.#running.started
    return { urls, replicas: topology === 'R1' ? 1 : 3 }
  }

  async #stop(): Promise<void> {
    // Servers that did not start were stopped by their start, which has told those who asked for them.
    const started = await this.#running?.started.catch(() => undefined)
    this.#running = undefined
    await started?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}

import type { JetStreamStore } from '@millrace/jetstream'
import { afterAll, beforeAll } from 'vitest'

import { RawStream } from './raw-stream.ts'
import { openTarget } from './store-target.ts'
import type { StoreTarget } from './store-target.ts'
import { startServers, startTimeoutMs } from './topologies.ts'
import type { Servers, ServerSettings, Topology } from './topologies.ts'

/** Servers, one store on them and a way past the store, for all tests of a `describe`. */
export class Stage implements AsyncDisposable {
  readonly servers: Servers
  readonly target: StoreTarget
  readonly store: JetStreamStore
  readonly raw: RawStream

  constructor(parts: Omit<Stage, typeof Symbol.asyncDispose>) {
    this.servers = parts.servers
    this.target = parts.target
    this.store = parts.store
    this.raw = parts.raw
  }

  static async open(servers: Servers, options: Partial<StoreTarget> = {}): Promise<Stage> {
    const target = servers.newTarget(options)
    const store = await openTarget(target)
    return new Stage({ servers, target, store, raw: await RawStream.open(target) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]()
    await this.raw[Symbol.asyncDispose]()
  }
}

/** Sets a stage up before the tests of a `describe` and takes it down behind them; to be asked for inside a test. */
export function useStage(topology: Topology, settings: ServerSettings = {}): () => Stage {
  let stage: Stage | undefined
  beforeAll(async () => {
    stage = await Stage.open(await startServers(topology, settings))
  }, startTimeoutMs)
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
    await stage?.servers[Symbol.asyncDispose]()
  })
  return () => {
    if (stage === undefined)
      throw new Error('the stage is set up before the tests, not while they are declared')
    return stage
  }
}

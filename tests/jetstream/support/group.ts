import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { createEventDecoder } from '@millrace/contracts'
import type { Delivery, ParkedRecord, ProcessorStore } from '@millrace/contracts'
import type { JetStreamStore } from '@millrace/jetstream'
import { openPg, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

import { groupProcessor } from './group-processor.ts'
import type { GroupOptions } from './group-processor.ts'
import type { Fault, MemberSettings } from './member-main.ts'
import { openTarget } from './store-target.ts'
import type { StoreTarget } from './store-target.ts'
import { freshName } from './topologies.ts'

const runtimeSettings = { leaseTtlMs: 1_500, pollMs: 100, batchSize: 4 } as const
const main = fileURLToPath(new URL('member-main.ts', import.meta.url))

/** One line a member said. */
type Said = Readonly<Record<string, unknown>>

/** A member in a process of its own. */
export interface Member {
  readonly said: readonly Said[]
  readonly signal: (signal: NodeJS.Signals) => void
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>
}

/** A row of the read model, in the order it was written. */
export interface Row {
  readonly n: number
  readonly stream: string
  readonly version: number
}

/** A destination over HTTP that remembers the idempotency keys it was sent. */
async function openReceiver(): Promise<AsyncDisposable & { readonly url: string; readonly keys: string[] }> {
  const keys: string[] = []
  const server = createServer((request, response) => {
    keys.push(String(request.headers['idempotency-key']))
    request.resume()
    response.writeHead(204).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    keys,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One processor over the log of a JetStream store, its state in Postgres, run by members here and elsewhere. */
export class Group implements AsyncDisposable {
  readonly options: GroupOptions
  readonly store: ProcessorStore
  readonly events: JetStreamStore
  /** Idempotency keys that arrived, repeats included. */
  readonly keys: readonly string[]
  readonly #database: SqlDatabase
  readonly #settings: Omit<MemberSettings, 'fault'>
  readonly #resources: AsyncDisposableStack

  private constructor(parts: {
    readonly settings: Omit<MemberSettings, 'fault'>
    readonly store: ProcessorStore
    readonly events: JetStreamStore
    readonly keys: readonly string[]
    readonly database: SqlDatabase
    readonly resources: AsyncDisposableStack
  }) {
    this.#settings = parts.settings
    this.options = parts.settings.processor
    this.store = parts.store
    this.events = parts.events
    this.keys = parts.keys
    this.#database = parts.database
    this.#resources = parts.resources
  }

  static async open(target: StoreTarget, postgres: string, partitions = 1): Promise<Group> {
    const resources = new AsyncDisposableStack()
    const schema = freshName('group')
    const database = resources.use(await openPg({ url: postgres }))
    const store = await openProcessorStore({ database, schema })
    resources.defer(async () => await database.script(`drop schema ${schema} cascade`))
    const table = `${schema}.${freshName('rows')}`
    // No key on purpose: a repeated write must show as a second row.
    await database.script(`create table ${table} (seq bigserial, n int, stream text, version int)`)
    const { url, keys } = resources.use(await openReceiver())
    const events = resources.use(await openTarget(target))
    const processor = { name: freshName('member'), partitions, url, table }
    const settings = { target, postgres, schema, processor, runtime: runtimeSettings }
    return new Group({ settings, store, events, keys, database, resources })
  }

  /** A started member in this process. */
  async here(): Promise<ProcessorRuntime> {
    const runtime = createProcessorRuntime({
      log: this.events.log,
      store: this.store,
      decode: createEventDecoder(),
      processors: [groupProcessor(this.options)],
      ...runtimeSettings,
    })
    this.#resources.use(runtime)
    await runtime.start()
    return runtime
  }

  /** A member in a process of its own, killed with the group. */
  elsewhere(fault: Fault): Member {
    const settings: MemberSettings = { ...this.#settings, fault }
    const child = spawn(process.execPath, ['--conditions=@millrace/source', main, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said: Said[] = []
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as Said))
    const ended = once(child, 'close').then(() => child.signalCode)
    this.#resources.defer(async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
    })
    return { said, ended, signal: (signal) => void child.kill(signal) }
  }

  async rows(): Promise<readonly Row[]> {
    return await this.#database.query(`select n, stream, version from ${this.options.table} order by seq`)
  }

  async deliveries(): Promise<readonly Delivery[]> {
    const { items } = await this.store.listDeliveries({ processor: this.options.name, limit: 1000 })
    return items
  }

  async parked(): Promise<readonly ParkedRecord[]> {
    const { items } = await this.store.deadLetters.list({ processor: this.options.name, kind: 'parked' })
    return items.filter((item) => item.kind === 'parked')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

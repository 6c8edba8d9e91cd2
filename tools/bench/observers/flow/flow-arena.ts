import {
  installCapture,
  openChangeLog,
  openPg,
  openPostgresStore,
  openProcessorStore,
} from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'

import type { DurablePostgres } from '../../store/durable-postgres.ts'
import { createTable, tableOf } from './flow-tables.ts'
import type { FlowSource, ListenerOrder } from './flow-tables.ts'
import type { GeneratorOrder, Load } from './generator.ts'
import type { Progress } from './latencies.ts'
import { Part } from './part.ts'

/** What flows, and where to. */
export interface Flow {
  readonly source: FlowSource
  readonly action: 'nothing' | 'webhook'
  /** Of our listener. @defaultValue 0 */
  readonly idleRules?: number
}

/** Whose listener. */
export type Side = 'ours' | 'theirs'

/** What came of one stretch of writing. */
export interface Stretch {
  readonly events: number
  /** Until the last one was delivered. */
  readonly ms: number
  readonly latencies: readonly number[]
  /** Microseconds of the listener's processor time for each event. */
  readonly cpuPerEvent: number
  /** Resident bytes of the listener, at the end. */
  readonly memory: number
}

const schemas: Readonly<Record<Side, string>> = { ours: 'flow_ours', theirs: 'flow_theirs' }
const sides = ['ours', 'theirs'] as const
/** So many may wait to be delivered where the listener sets the pace. */
const maxWaiting = 2_000
const lateMs = 60_000

async function prepare(database: SqlDatabase, schema: string, source: FlowSource): Promise<void> {
  await database.script(`drop schema if exists ${schema} cascade`)
  await openProcessorStore({ database, schema })
  const store = await openPostgresStore({ database, schema })
  await store[Symbol.asyncDispose]()
  if (source === 'events') return
  await database.script(createTable(schema))
  await installCapture(database, { table: tableOf(schema), name: tableOf(schema).replace('.', '_'), schema })
  const log = await openChangeLog({ database, schema })
  await log[Symbol.asyncDispose]()
}

/** Writers, listeners and a receiver, each in a process of its own, on a server that waits for the disk. */
export class FlowArena implements AsyncDisposable {
  readonly #flow: Flow
  readonly #stack: AsyncDisposableStack
  readonly #generator: Part
  readonly #listeners: Readonly<Record<Side, Part>>
  readonly #receiver: Part | undefined

  private constructor(
    flow: Flow,
    parts: {
      readonly stack: AsyncDisposableStack
      readonly generator: Part
      readonly listeners: Readonly<Record<Side, Part>>
      readonly receiver: Part | undefined
    },
  ) {
    this.#flow = flow
    this.#stack = parts.stack
    this.#generator = parts.generator
    this.#listeners = parts.listeners
    this.#receiver = parts.receiver
  }

  static async open(server: DurablePostgres, flow: Flow): Promise<FlowArena> {
    const { source, idleRules = 0 } = flow
    const url = await server.url()
    await using opening = new AsyncDisposableStack()
    const database = opening.use(await openPg({ url, poolSize: 1 }))
    for (const side of sides) await prepare(database, schemas[side], source)
    await database.script('checkpoint')
    const receiver = flow.action === 'webhook' ? opening.use(new Part('receiver.ts', {})) : undefined
    const host = receiver === undefined ? undefined : ((await receiver.ask('host')) as string)
    const listen = async (script: string, side: Side): Promise<Part> => {
      const order: ListenerOrder = { url, schema: schemas[side], source, host, idleRules }
      const listener = opening.use(new Part(script, order))
      await listener.ask('ready')
      return listener
    }
    const listeners = {
      ours: await listen('our-listener.ts', 'ours'),
      theirs: await listen('hand-listener.ts', 'theirs'),
    }
    const order: GeneratorOrder = { url, source, schemas: sides.map((side) => schemas[side]) }
    const generator = opening.use(new Part('generator.ts', order))
    return new FlowArena(flow, { stack: opening.move(), generator, listeners, receiver })
  }

  /** Writes on schedule. */
  async onSchedule(side: Side, load: Omit<Load, 'schema'>): Promise<Stretch> {
    return await this.#stretch(side, async () => await this.#write('schedule', side, load))
  }

  /** Writes as fast as the listener keeps up with. */
  async paced(side: Side, load: Omit<Load, 'schema' | 'perSecond'>): Promise<Stretch> {
    return await this.#stretch(side, async (before) => {
      const over = new AbortController()
      const allow = async (): Promise<void> => {
        while (!over.signal.aborted) {
          const delivered = (await this.#listeners[side].ask('delivered')) as number
          await this.#generator.ask('allow', delivered - before + maxWaiting)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      await this.#generator.ask('allow', maxWaiting)
      const allowing = allow()
      try {
        return await this.#write('pace', side, { ...load, perSecond: 1 })
      } finally {
        over.abort()
        await allowing
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  async #write(how: 'schedule' | 'pace', side: Side, load: Omit<Load, 'schema'>): Promise<number> {
    return (await this.#generator.ask(how, { ...load, schema: schemas[side] })) as number
  }

  async #stretch(side: Side, write: (before: number) => Promise<number>): Promise<Stretch> {
    const listener = this.#listeners[side]
    const before = (await listener.ask('progress')) as Progress
    await this.#receiver?.ask('take')
    const from = performance.now()
    const events = await write(before.delivered)
    await this.#delivered(listener, before.delivered + events)
    const ms = performance.now() - from
    const after = (await listener.ask('progress')) as Progress
    const received = (await this.#receiver?.ask('take')) as readonly number[] | undefined
    const latencies = received ?? after.latencies
    if (latencies.length !== events)
      throw new Error(`${latencies.length} calls for ${events} ${this.#flow.source} of ${side}`)
    return { events, ms, latencies, cpuPerEvent: (after.cpu - before.cpu) / events, memory: after.memory }
  }

  async #delivered(listener: Part, upTo: number): Promise<void> {
    const deadline = performance.now() + lateMs
    for (;;) {
      const delivered = (await listener.ask('delivered')) as number
      if (delivered >= upTo) return
      if (performance.now() > deadline)
        throw new Error(`${delivered} of ${upTo} deliveries after ${lateMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

import type { EventStore, Position, StoredEvent } from '@millrace/contracts'
import { createRandom } from '@millrace/testing'

import { collect } from './collect.ts'
import { facts, freshStream } from './events.ts'
import { until } from './eventually.ts'
import { RawStream } from './raw-stream.ts'
import { openTarget } from './store-target.ts'
import { startServers } from './topologies.ts'
import type { Servers, Topology } from './topologies.ts'

/** Settings of {@link runConsumerStarts}. */
export interface ConsumerStartOptions {
  readonly topology: Topology
  readonly starts: number
  readonly seed: number
  /** Told how many consumers were created. */
  readonly onStart?: (created: number) => void
}

/** What became of the starts. */
export interface ConsumerStartVerdict {
  /** Consumers that the servers say were created. */
  readonly created: number
  /** Starts that gave nothing, or not what stands there, within ten seconds. */
  readonly lost: number
  /** Milliseconds until a consumer's first event, the longest of all. */
  readonly worstMs: number
  readonly medianMs: number
  /** Consumers that are left when all reads are over. */
  readonly left: number
}

const commits = 300
const patienceMs = 10_000

async function fill(store: EventStore): Promise<readonly StoredEvent[]> {
  for (let n = 0; n < commits; n++)
    await store.append(freshStream(), facts(1, n), { expectedVersion: 'no-stream' })
  return await collect(store.readAll())
}

interface Start {
  /** Until its first event. */
  readonly ms: number
  readonly isRight: boolean
}

/** Two batches of the log: the first is asked for, the second comes from the consumer that is opened for it. */
async function start({ log }: EventStore, after: Position, wanted: string): Promise<Start> {
  const { end } = await log.readBatch(after, { maxRecords: 1 })
  const begin = performance.now()
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const { records } = await log.readBatch(end, { maxRecords: 1, signal })
    return { ms: performance.now() - begin, isRight: records[0]?.id === wanted }
  } catch (error) {
    if (!signal.aborted) throw error
    return { ms: performance.now() - begin, isRight: false }
  }
}

/** Consumers created on the stream from now on, counted by the servers' own advisories. */
function countCreated(raw: RawStream): () => number {
  let created = 0
  const subject = `$JS.EVENT.ADVISORY.CONSUMER.CREATED.${raw.name}.>`
  raw.connection.subscribe(subject, { callback: () => void (created += 1) })
  return () => created
}

async function startOn(servers: Servers, options: ConsumerStartOptions): Promise<ConsumerStartVerdict> {
  const target = servers.newTarget()
  await using stack = new AsyncDisposableStack()
  const stores: EventStore[] = []
  // Connected to every server: the consumer's own is another one most of the time.
  for (const url of servers.urls) stores.push(stack.use(await openTarget({ ...target, servers: [url] })))
  const [first] = stores
  if (first === undefined) throw new Error('no server was started')
  const raw = stack.use(await RawStream.open(target))
  const events = await fill(first)
  const created = countCreated(raw)
  const random = createRandom(options.seed)
  const starts: Start[] = []
  // A reader that comes back to a place where a consumer still stands is given that one.
  for (let n = 0; created() < options.starts && n < 2 * options.starts; n++) {
    const at = Math.floor(random() * (events.length - 2))
    const [before, wanted] = [events[at], events[at + 2]]
    const store = stores[n % stores.length] ?? first
    if (before === undefined || wanted === undefined) throw new Error('the store was not filled')
    starts.push(await start(store, before.position, wanted.id))
    options.onStart?.(created())
  }
  await until(async () => (await raw.consumerNames()).length === 0, { what: 'all consumers to be gone' })
  const sorted = starts.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return {
    created: created(),
    lost: starts.filter(({ isRight }) => !isRight).length,
    worstMs: sorted.at(-1) ?? 0,
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    left: (await raw.consumerNames()).length,
  }
}

/** Starts a consumer so often, one after the other, and looks at when it gave its first event. */
export async function runConsumerStarts(options: ConsumerStartOptions): Promise<ConsumerStartVerdict> {
  await using servers = await startServers(options.topology)
  return await startOn(servers, options)
}

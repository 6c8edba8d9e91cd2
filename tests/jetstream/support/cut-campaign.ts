import { createIdFactory } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'
import { createRandom } from '@millrace/testing'
import { startToxiproxy } from '@millrace/tools/services'
import type { NatsServer, Toxic, ToxicWay } from '@millrace/tools/services'

import { collect } from './collect.ts'
import { freshStream } from './events.ts'
import { until } from './eventually.ts'
import { RawStream } from './raw-stream.ts'
import { openTarget } from './store-target.ts'
import { freshName, startServers } from './topologies.ts'
import type { Servers, Topology } from './topologies.ts'

/** When the connection is cut: inside what is sent, inside the answer, or at any moment. */
type CutKind = 'request' | 'answer' | 'moment'

/** One cut and what came of it. */
interface JudgedCut {
  /** From 1. */
  readonly number: number
  readonly kind: CutKind
  readonly shape: string
  /** Whether the server had stored the commit when the client was cut off, before it could send it again. */
  readonly wasStored: boolean
  readonly problems: readonly string[]
}

/** What a campaign has shown. */
export interface CutVerdict {
  readonly cuts: number
  /** Cuts that hit an append under way, whose commit was stored and unknown to the client. */
  readonly afterStore: number
  /** Cuts that hit an append under way, whose commit was not stored. */
  readonly beforeStore: number
  /** Appends that were over before the cut came; they count as no cut. */
  readonly missed: number
  readonly failed: readonly JudgedCut[]
}

/** Settings of {@link runCutCampaign}. */
export interface CutOptions {
  readonly topology: Topology
  /** Cuts that must hit an append under way. */
  readonly cuts: number
  readonly seed: number
  readonly onCut?: (cut: JudgedCut) => void
}

/** What is written under a cut. */
interface Writing {
  readonly shape: string
  readonly streams: readonly StreamId[]
  readonly events: readonly NewEvent[]
  /** Fewest bytes the request takes. */
  readonly bytes: number
  readonly run: (store: EventStore) => Promise<unknown>
}

const mint = createIdFactory()
const textBytes = 2000

function newEvents(count: number): readonly NewEvent[] {
  const text = 'x'.repeat(textBytes)
  return Array.from({ length: count }, (_, n) => ({ type: 'written', data: { n, text }, id: mint() }))
}

function append(count: number): Writing {
  const [streamId, events] = [freshStream(), newEvents(count)]
  return {
    shape: `append(${count})`,
    streams: [streamId],
    events,
    bytes: count * textBytes,
    run: (store) => store.append(streamId, events, { expectedVersion: 0 }),
  }
}

function commit(streamCount: number): Writing {
  const streams = Array.from({ length: streamCount }, () => freshStream())
  const events = newEvents(2)
  return {
    shape: `commit over ${streamCount} streams`,
    streams,
    events,
    bytes: streamCount * events.length * textBytes,
    run: (store) =>
      store.commit(
        streams.map((streamId) => ({
          streamId,
          events: events.map((event) => ({ ...event, id: mint() })),
          expectedVersion: 0,
        })),
      ),
  }
}

const writings: readonly (() => Writing)[] = [
  () => append(1),
  () => append(10),
  () => commit(3),
  () => append(1),
]
const kinds: readonly CutKind[] = ['request', 'answer', 'moment']

/** Cuts one store's connection, mends it and judges what is stored. */
class Cutter implements AsyncDisposable {
  readonly #server: NatsServer
  readonly #way: ToxicWay
  readonly #raw: RawStream
  /** Connected through the way. */
  readonly #store: EventStore
  /** Connected past it. */
  readonly #judge: EventStore
  readonly #client: string
  readonly #random: () => number

  private constructor(parts: {
    readonly server: NatsServer
    readonly way: ToxicWay
    readonly raw: RawStream
    readonly store: EventStore
    readonly judge: EventStore
    readonly client: string
    readonly random: () => number
  }) {
    this.#server = parts.server
    this.#way = parts.way
    this.#raw = parts.raw
    this.#store = parts.store
    this.#judge = parts.judge
    this.#client = parts.client
    this.#random = parts.random
  }

  static async open(servers: Servers, way: ToxicWay, random: () => number): Promise<Cutter> {
    const [server] = servers.nodes
    if (server === undefined) throw new Error('no server was started')
    const [target, client] = [servers.newTarget(), freshName('client')]
    const store = await openTarget({
      ...target,
      servers: [`nats://127.0.0.1:${way.port}`],
      clientName: client,
    })
    const [raw, judge] = [await RawStream.open(target), await openTarget(target)]
    return new Cutter({ server, way, raw, store, judge, client, random })
  }

  /** Undefined where the append was over before the cut came. */
  async cut(number: number): Promise<JudgedCut | undefined> {
    const [kind, writing] = [kinds[number % kinds.length] ?? 'moment', this.#nextWriting(number)]
    await this.#connected()
    const before = await this.#lastSequence()
    const { isOver, appending } = await this.#sever(kind, writing)
    const wasStored = (await this.#lastSequence()) > before
    await this.#way.mend()
    const outcome = await appending
    if (isOver) return undefined
    const problems = outcome instanceof Error ? [`refused: ${outcome.message}`] : []
    problems.push(...(await this.#problems(writing)))
    return { number, kind, shape: writing.shape, wasStored, problems }
  }

  #nextWriting(number: number): Writing {
    return (writings[Math.floor(number / kinds.length) % writings.length] ?? (() => append(1)))()
  }

  /** Starts the append, cuts its connection and waits until the server has let go of it. */
  async #sever(
    kind: CutKind,
    writing: Writing,
  ): Promise<{ readonly isOver: boolean; readonly appending: Promise<unknown> }> {
    const [cid] = await this.#server.monitor.connectionsOf(this.#client)
    const toxic = this.#toxicOf(kind, writing)
    if (toxic !== undefined) await this.#way.add(toxic)
    let isOver = false
    const appending = writing.run(this.#store).then(
      () => (isOver = true),
      (error: unknown) => error,
    )
    if (toxic === undefined) {
      await spin(this.#random() * 2)
      await this.#way.cut()
    }
    await until(async () => !(await this.#server.monitor.connectionsOf(this.#client)).includes(cid ?? 0), {
      what: `the server to lose connection ${cid}`,
    })
    return { isOver, appending }
  }

  #toxicOf(kind: CutKind, { bytes }: Writing): Toxic | undefined {
    if (kind === 'moment') return undefined
    if (kind === 'answer')
      return { type: 'limit_data', stream: 'downstream', attributes: { bytes: 1 + this.#below(9) } }
    return { type: 'limit_data', stream: 'upstream', attributes: { bytes: 1 + this.#below(bytes) } }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  async #connected(): Promise<void> {
    await until(async () => (await this.#server.monitor.connectionsOf(this.#client)).length === 1, {
      what: 'the store to be connected',
    })
  }

  async #lastSequence(): Promise<number> {
    return (await this.#raw.info()).state.last_seq
  }

  /** One copy of everything, in order. */
  async #problems({ streams, events }: Writing): Promise<readonly string[]> {
    const problems: string[] = []
    for (const streamId of streams) {
      const stored = await collect(this.#judge.read(streamId))
      const found = stored.map(({ version, payload }) => `${version} ${String(payload)}`)
      const wanted = events.map(({ data }, i) => `${i + 1} ${JSON.stringify(data)}`)
      if (found.join() !== wanted.join())
        problems.push(`${streamId} holds ${found.length} events instead of ${wanted.length}`)
    }
    return problems
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#way.mend()
    await Promise.all([this.#store, this.#judge, this.#raw].map((each) => each[Symbol.asyncDispose]()))
  }
}

/** Shorter than what a timer can wait, letting the append go on. */
async function spin(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) await new Promise(setImmediate)
}

/**
 * Cuts the connection of a store inside its appends, so often; each append must then succeed by itself and be stored
 * once. Everything is judged past the cut connection.
 */
export async function runCutCampaign({ topology, cuts, seed, onCut }: CutOptions): Promise<CutVerdict> {
  await using servers = await startServers(topology, { advertise: false })
  await using toxiproxy = await startToxiproxy()
  const [server] = servers.nodes
  const way = await toxiproxy.open(server ?? { port: 0 })
  await using cutter = await Cutter.open(servers, way, createRandom(seed))
  const judged: JudgedCut[] = []
  let missed = 0
  for (let number = 1; judged.length < cuts; number++) {
    const cut = await cutter.cut(number)
    if (cut === undefined) missed += 1
    else {
      judged.push(cut)
      onCut?.(cut)
    }
    if (missed > cuts) throw new Error(`${missed} of ${number} cuts came too late`)
  }
  return {
    cuts: judged.length,
    afterStore: judged.filter(({ wasStored }) => wasStored).length,
    beforeStore: judged.filter(({ wasStored }) => !wasStored).length,
    missed,
    failed: judged.filter(({ problems }) => problems.length > 0),
  }
}

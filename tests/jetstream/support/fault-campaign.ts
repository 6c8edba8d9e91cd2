import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { EventStore, StreamId } from '@millrace/contracts'

import { collect } from './collect.ts'
import { freshStream } from './events.ts'
import { until } from './eventually.ts'
import { judgeHistory, underWay } from './history.ts'
import type { HistoryVerdict, RecordedAppend, StoredFact } from './history.ts'
import { openTarget } from './store-target.ts'
import { startServers } from './topologies.ts'
import type { Servers, Topology } from './topologies.ts'
import type { WriterNews, WriterSettings } from './writer-main.ts'

/** Something that happens to the servers of a stream while it is written, and is made good again; calls `strike` just before. */
export type Fault = (servers: Servers, stream: string, strike: () => void) => Promise<void>

/** Settings of {@link runFaultCampaign}. */
export interface FaultOptions {
  readonly topology: Topology
  readonly events: number
  /** Happen one after another, spread over the run. */
  readonly faults: readonly Fault[]
  readonly seed: number
  readonly onProgress?: (progress: { readonly events: number; readonly faults: number }) => void
}

/** What a campaign has shown. */
export interface FaultVerdict extends HistoryVerdict {
  /** Of each fault: appends that were under way when it struck. */
  readonly hits: readonly number[]
  readonly seconds: number
}

const processes = 4
const writersPerProcess = 6
const streamCount = 48
const main = fileURLToPath(new URL('writer-main.ts', import.meta.url))

/** One process of writers, killed with its run. */
class WriterProcess implements AsyncDisposable {
  readonly #child: ReturnType<typeof fork>
  readonly ended: Promise<void>
  #events = 0

  constructor(settings: WriterSettings) {
    this.#child = fork(main, [], {
      serialization: 'advanced',
      execArgv: ['--conditions=@millrace/source'],
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ended = promise
    this.#child.on('message', (message) => {
      const news = message as WriterNews
      if (news.kind === 'progress') this.#events = news.events
      else if (news.kind === 'done') resolve()
      else reject(new Error(`a writer failed: ${news.reason}`))
    })
    this.#child.once('exit', (code) => reject(new Error(`a writer ended early, with ${code}`)))
    // The campaign awaits all of them, but may fail for another reason first.
    promise.catch(() => undefined)
    this.#child.send(settings)
  }

  get events(): number {
    return this.#events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}

interface Campaign {
  readonly servers: Servers
  readonly stream: string
  readonly writers: readonly WriterProcess[]
  readonly options: FaultOptions
}

const writtenBy = (writers: readonly WriterProcess[]): number =>
  writers.reduce((sum, { events }) => sum + events, 0)

/**
 * Lets the faults happen, each at its share of the events; resolves when the last is made good, with the moments they
 * struck.
 */
async function befall({ servers, stream, writers, options }: Campaign): Promise<readonly number[]> {
  const moments: number[] = []
  const { faults, events, onProgress } = options
  for (const [i, fault] of faults.entries()) {
    const share = (events * (i + 1)) / (faults.length + 2)
    await until(
      () => {
        onProgress?.({ events: writtenBy(writers), faults: i })
        return writtenBy(writers) >= share
      },
      { what: `${Math.round(share)} events before fault ${i + 1}`, deadlineMs: 300_000 },
    )
    await fault(servers, stream, () => moments.push(performance.timeOrigin + performance.now()))
  }
  return moments
}

async function storedFacts(store: EventStore): Promise<readonly StoredFact[]> {
  const facts: StoredFact[] = []
  for await (const { id, streamId, version } of store.readAll()) facts.push({ id, streamId, version })
  return facts
}

/** What a stream's own read gives must be what the log gives. */
async function checkStreams(
  store: EventStore,
  streams: readonly StreamId[],
  facts: readonly StoredFact[],
): Promise<void> {
  const byStream = Map.groupBy(facts, ({ streamId }) => streamId)
  for (const streamId of streams) {
    const events = await collect(store.read(streamId))
    const inLog = byStream.get(streamId) ?? []
    if (events.map(({ id }) => id).join() !== inLog.map(({ id }) => id).join())
      throw new Error(`${streamId} is read as ${events.length} events, the log has ${inLog.length}`)
  }
}

function readHistory(file: string): RecordedAppend[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as RecordedAppend)
}

async function race(servers: Servers, folder: string, options: FaultOptions): Promise<FaultVerdict> {
  const target = servers.newTarget()
  await using store = await openTarget(target)
  const streams = Array.from({ length: streamCount }, () => freshStream())
  const files = Array.from({ length: processes }, (_, i) => join(folder, `writer-${i}.jsonl`))
  await using stack = new AsyncDisposableStack()
  const writers = files.map((history, i) =>
    stack.use(
      new WriterProcess({
        // Each process meets another server first.
        target: { ...target, servers: [...servers.urls.slice(i % servers.urls.length), ...servers.urls] },
        streams,
        writers: writersPerProcess,
        events: Math.ceil(options.events / processes),
        seed: options.seed + i,
        history,
      }),
    ),
  )
  const begin = performance.now()
  const campaign = { servers, stream: target.name, writers, options }
  const [moments] = await Promise.all([befall(campaign), ...writers.map(({ ended }) => ended)])
  const seconds = (performance.now() - begin) / 1000
  const facts = await storedFacts(store)
  await checkStreams(store, streams, facts)
  const history = files.flatMap(readHistory)
  return { ...judgeHistory(history, facts), hits: moments.map((at) => underWay(history, at)), seconds }
}

/**
 * Twenty-four writers in four processes race on shared streams, each append with the version it believes current, while
 * faults befall the servers. What is stored is then judged by what the writers were told.
 */
export async function runFaultCampaign(options: FaultOptions): Promise<FaultVerdict> {
  await using servers = await startServers(options.topology)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-writers-'))
  try {
    return await race(servers, folder, options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

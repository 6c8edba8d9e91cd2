import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { EventStore, IdFactory, NewEvent, StreamId } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'

import { startNats, startNatsCluster } from '../services/index.ts'
import type { StressOptions } from './command-line.ts'

/** Hears how far a run is. */
export interface StressListener {
  /** `done` from 0 to 1. */
  readonly progress: (done: number, what: string) => void
}

/** What a run has shown. */
export interface StressVerdict {
  readonly appendsPerSecond: number
  /** Events per second, written. */
  readonly written: number
  /** Events per second, read and verified. */
  readonly verified: number
  /** Events per second at both ends of the run; undefined where the run is shorter than both. */
  readonly ends: { readonly first: number; readonly last: number } | undefined
}

/** How many events are at each end of a run whose ends are compared. */
export const endSize = 100_000

const category = 'order'
/** Events appended before the clock starts, to streams of their own: the compiler of Node has then seen the code. */
const warmUpEvents = 20_000

/** An order line; the number makes each one another. */
function lineOf(n: number): Readonly<Record<string, unknown>> {
  return {
    line: n,
    orderId: `order-${n % 1000}`,
    sku: `SKU-${n % 5000}`,
    quantity: 1 + (n % 9),
    price: 1999 + (n % 100),
    currency: 'EUR',
    note: 'gift wrap please',
  }
}

function batchOf(from: number, count: number, mint: IdFactory): readonly NewEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 'OrderLineAdded',
    data: lineOf(from + i),
    id: mint(),
  }))
}

const perSecond = (count: number, ms: number): number => (count / ms) * 1000

/** When which share of a run was written. */
class Pace {
  readonly #begin = performance.now()
  readonly #marks: { readonly events: number; readonly ms: number }[] = [{ events: 0, ms: 0 }]

  mark(events: number): void {
    this.#marks.push({ events, ms: performance.now() - this.#begin })
  }

  get ms(): number {
    return this.#marks.at(-1)?.ms ?? 0
  }

  /** The rate of the first or the last events. */
  rate(of: 'first' | 'last'): number {
    const marks = of === 'first' ? this.#marks : this.#marks.toReversed()
    const [start] = marks
    const end = marks.find(({ events }) => Math.abs(events - (start?.events ?? 0)) >= endSize)
    if (start === undefined || end === undefined) throw new RangeError('the run has no such end')
    return perSecond(Math.abs(end.events - start.events), Math.abs(end.ms - start.ms))
  }
}

interface Run extends StressOptions, StressListener {
  readonly store: EventStore
  readonly signal: AbortSignal
}

/** What one writer writes: the events of these numbers, in this order, to one stream. */
interface Share {
  readonly streamId: StreamId
  readonly from: number
  readonly to: number
}

/** Whole appends, dealt out evenly. */
function sharesOf({ events, batch, writers }: StressOptions, name: string): readonly Share[] {
  const appends = Math.ceil(events / batch)
  const edge = (writer: number): number => Math.min(events, Math.ceil((appends * writer) / writers) * batch)
  return Array.from({ length: writers }, (_, writer) => ({
    streamId: createStreamId(category, `${name}-${writer}`),
    from: edge(writer),
    to: edge(writer + 1),
  })).filter(({ from, to }) => from < to)
}

interface Writing extends Pick<Run, 'store' | 'batch' | 'signal'> {
  readonly mint: IdFactory
  readonly onAppended: (count: number) => void
}

/** One append after the other, each at the version the last one reached. */
async function writeShare({ streamId, from, to }: Share, writing: Writing): Promise<void> {
  const { store, batch, signal, mint, onAppended } = writing
  for (let at = from; at < to;) {
    signal.throwIfAborted()
    const events = batchOf(at, Math.min(batch, to - at), mint)
    const { version } = await store.append(streamId, events, { expectedVersion: at - from })
    at += events.length
    if (version !== at - from) throw new Error(`version ${version} was reached instead of ${at - from}`)
    onAppended(events.length)
  }
}

/** All writers at once. */
async function write(
  shares: readonly Share[],
  { store, events, batch, signal, progress }: Run,
): Promise<Pace> {
  const pace = new Pace()
  let appended = 0
  const onAppended = (count: number): void => {
    appended += count
    pace.mark(appended)
    progress(appended / events, 'append')
  }
  const writing = { store, batch, signal, mint: createIdFactory(), onAppended }
  await Promise.all(shares.map(async (share) => await writeShare(share, writing)))
  return pace
}

/** Reads every event back and compares it with what was written. */
async function verify(shares: readonly Share[], { store, events, signal, progress }: Run): Promise<number> {
  const begin = performance.now()
  let count = 0
  for (const { streamId, from, to } of shares) {
    let [at, lastId] = [from, '']
    for await (const { version, id, type, payload } of store.read(streamId, { signal })) {
      const wanted = JSON.stringify(lineOf(at))
      if (version !== at - from + 1 || type !== 'OrderLineAdded' || payload !== wanted || id <= lastId)
        throw new Error(`event ${at + 1} was read as version ${version}, ${type} ${id}: ${String(payload)}`)
      at += 1
      lastId = id
      if ((count += 1) % 1000 === 0) progress(count / events, 'read back')
    }
    if (at !== to) throw new Error(`${at - from} of ${to - from} events of ${streamId} were read back`)
  }
  if (count !== events) throw new Error(`${count} of ${events} events were read back`)
  return perSecond(events, performance.now() - begin)
}

async function stress(run: Run): Promise<StressVerdict> {
  const { events, batch } = run
  const warmUp = { ...run, events: warmUpEvents, progress: (done: number) => run.progress(done, 'warm up') }
  await write(sharesOf(warmUp, 'warm-up'), warmUp)
  const shares = sharesOf(run, 'stress')
  const pace = await write(shares, run)
  const verified = await verify(shares, run)
  return {
    appendsPerSecond: perSecond(Math.ceil(events / batch), pace.ms),
    written: perSecond(events, pace.ms),
    verified,
    ends: events < 2 * endSize ? undefined : { first: pace.rate('first'), last: pace.rate('last') },
  }
}

/** Starts servers, appends the events, reads all of them back and compares. @throws the signal's reason */
export async function runStress(
  options: StressOptions & StressListener,
  signal: AbortSignal,
): Promise<StressVerdict> {
  await using servers = options.servers === 1 ? await startNats() : await startNatsCluster()
  signal.throwIfAborted()
  const urls = 'urls' in servers ? servers.urls : [servers.url]
  await using store = await openJetStreamStore({
    servers: urls,
    name: 'stress',
    replicas: options.replicas,
  })
  return await stress({ ...options, store, signal })
}

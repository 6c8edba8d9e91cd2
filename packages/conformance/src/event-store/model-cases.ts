import type {
  EventStore,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'
import { categoryOf } from '@millrace/contracts'
import fc from 'fast-check'

import { same } from '../suite/assertions.ts'
import { collect } from '../suite/collect.ts'
import { fact, freshName, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** An event as the model knows it. */
interface Known {
  readonly n: number
  readonly streamId: StreamId
  readonly version: number
  readonly event: NewEvent
}

/** A random event: which stream, and its marks. */
interface Draw {
  readonly stream: number
  readonly type: number
  readonly after: number
  readonly tenant: number
  readonly cause: number
}

const epoch = Date.UTC(2025, 5, 1)
const commits = fc.array(
  fc.array(
    fc.record({ stream: fc.nat(2), type: fc.nat(2), after: fc.nat(3), tenant: fc.nat(2), cause: fc.nat(1) }),
    { minLength: 1, maxLength: 6 },
  ),
  { minLength: 1, maxLength: 8 },
)
// One time in two: with every bound set at once most reads would find nothing.
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 })
const bounds = {
  direction: optional(fc.constantFrom('forwards', 'backwards')),
  limit: optional(fc.integer({ min: 1, max: 12 })),
  from: optional(fc.nat(40)),
  until: optional(fc.nat(60)),
}
const windows = fc.array(
  fc.record({ ...bounds, stream: fc.nat(2), low: optional(fc.nat(12)), high: optional(fc.nat(16)) }),
  {
    minLength: 3,
    maxLength: 6,
  },
)
const selections = fc.array(
  fc.record({
    ...bounds,
    types: optional(fc.uniqueArray(fc.nat(2), { minLength: 1 })),
    streams: optional(fc.uniqueArray(fc.nat(2), { minLength: 1 })),
    tenant: optional(fc.nat(2)),
    cause: optional(fc.nat(1)),
    after: optional(fc.nat(30)),
    before: optional(fc.nat(40)),
  }),
  { minLength: 3, maxLength: 6 },
)

/** A random history: three streams of three categories, whose events share one correlation. */
class History {
  readonly store: EventStore
  readonly correlationId: string = freshName('m')
  readonly streams: readonly StreamId[] = [0, 1, 2].map(() => freshStream(freshName('m')))
  readonly known: Known[] = []
  readonly stored: StoredEvent[] = []
  #clock = epoch

  constructor(store: EventStore) {
    this.store = store
  }

  type = (n: number): string => `${this.correlationId}.${n}`
  tenant = (n: number): string => `${this.correlationId}-t${n}`
  cause = (n: number): string => `${this.correlationId}-c${n}`

  async record(draws: readonly (readonly Draw[])[]): Promise<void> {
    // One stream a commit, so that every store can run the property.
    for (const commit of draws) await this.#append(commit)
    this.stored.push(...(await collect(this.store.readAll({ correlationId: this.correlationId }))))
  }

  async #append(draws: readonly Draw[]): Promise<void> {
    const streamId = this.streams[draws[0]?.stream ?? 0]
    if (streamId === undefined) throw new Error('a history has three streams')
    const start = this.known.filter((known) => known.streamId === streamId).length
    const events = draws.map((draw, i) => this.#event(draw, this.known.length + i))
    await this.store.append(streamId, events, { expectedVersion: start })
    this.known.push(
      ...events.map((event, i) => ({ n: this.known.length + i, streamId, version: start + i + 1, event })),
    )
  }

  #event({ type, after, tenant, cause }: Draw, n: number): NewEvent {
    this.#clock += after
    const metadata = {
      correlationId: this.correlationId,
      tenant: this.tenant(tenant),
      causationId: this.cause(cause),
    }
    return fact(n, { type: this.type(type), occurredAt: new Date(this.#clock), metadata })
  }
}

interface Bounds {
  readonly direction: 'forwards' | 'backwards' | undefined
  readonly limit: number | undefined
  readonly from: number | undefined
  readonly until: number | undefined
}

/** The model of every read: filter, turn round, cut. */
function modelled(
  known: readonly Known[],
  keep: (known: Known) => boolean,
  { direction, limit, from, until }: Bounds,
): number[] {
  const time = ({ event }: Known): number => (event.occurredAt?.getTime() ?? 0) - epoch
  const kept = known.filter(
    (k) => keep(k) && (from === undefined || time(k) >= from) && (until === undefined || time(k) <= until),
  )
  const ordered = direction === 'backwards' ? kept.toReversed() : kept
  return ordered.slice(0, limit ?? ordered.length).map(({ n }) => n)
}

/** Only the members that have a value. */
function given<T extends object>(options: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function boundsOf({ direction, limit, from, until }: Bounds): ReadStreamOptions {
  return given<ReadStreamOptions>({
    direction,
    limit,
    occurredFrom: from === undefined ? undefined : new Date(epoch + from),
    occurredUntil: until === undefined ? undefined : new Date(epoch + until),
  })
}

async function numbersOf(events: AsyncIterable<StoredEvent>): Promise<number[]> {
  return (await collect(events)).map(({ payload }) => (JSON.parse(String(payload)) as { n: number }).n)
}

async function checkWindow(
  history: History,
  window: Bounds & { stream: number; low: number | undefined; high: number | undefined },
): Promise<void> {
  const { stream, low, high } = window
  const streamId = history.streams[stream]
  if (streamId === undefined) throw new Error('a history has three streams')
  const options = { ...boundsOf(window), ...given<ReadStreamOptions>({ fromVersion: low, toVersion: high }) }
  const keep = (known: Known): boolean =>
    known.streamId === streamId && known.version >= (low ?? 0) && known.version <= (high ?? Infinity)
  same(
    await numbersOf(history.store.read(streamId, options)),
    modelled(history.known, keep, window),
    JSON.stringify(options),
  )
}

interface Selection extends Bounds {
  readonly types: readonly number[] | undefined
  readonly streams: readonly number[] | undefined
  readonly tenant: number | undefined
  readonly cause: number | undefined
  readonly after: number | undefined
  readonly before: number | undefined
}

function optionsOf(history: History, selection: Selection): ReadAllOptions {
  const { types, streams, tenant, cause, after, before } = selection
  return {
    ...boundsOf(selection),
    ...given<ReadAllOptions>({
      correlationId: history.correlationId,
      types: types?.map(history.type),
      categories: streams?.map((n) => categoryOf(history.streams[n] ?? ('' as StreamId))),
      tenant: tenant === undefined ? undefined : history.tenant(tenant),
      causationId: cause === undefined ? undefined : history.cause(cause),
      after: history.stored[after ?? -1]?.position,
      before: history.stored[before ?? -1]?.position,
    }),
  }
}

async function checkSelection(history: History, selection: Selection): Promise<void> {
  const options = optionsOf(history, selection)
  const { types, categories, tenant, causationId } = options
  const { after, before } = selection
  const size = history.stored.length
  const keep = ({ n, streamId, event }: Known): boolean =>
    (types === undefined || types.includes(event.type)) &&
    (categories === undefined || categories.includes(categoryOf(streamId))) &&
    (tenant === undefined || event.metadata?.tenant === tenant) &&
    (causationId === undefined || event.metadata?.causationId === causationId) &&
    (after === undefined || after >= size || n > after) &&
    (before === undefined || before >= size || n < before)
  same(
    await numbersOf(history.store.readAll(options)),
    modelled(history.known, keep, selection),
    JSON.stringify(options),
  )
}

const runs = { numRuns: 40, endOnFailure: true }

/** Random reads of random histories against an array. */
export const modelCases: readonly EventStoreCase[] = [
  {
    name: 'any window of any stream is what the same window of an array is',
    timeoutMs: 120_000,
    run: async ({ store }) => {
      const property = fc.asyncProperty(commits, windows, async (draws, reads) => {
        const history = new History(store)
        await history.record(draws)
        for (const read of reads) await checkWindow(history, read)
      })
      await fc.assert(property, runs)
    },
  },
  {
    name: 'any selection over all streams is what the same selection of an array is',
    timeoutMs: 120_000,
    run: async ({ store }) => {
      const property = fc.asyncProperty(commits, selections, async (draws, reads) => {
        const history = new History(store)
        await history.record(draws)
        for (const read of reads) await checkSelection(history, read)
      })
      await fc.assert(property, runs)
    },
  },
]

import { setTimeout as delay } from 'node:timers/promises'

import type {
  EventStore,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import { outcomeOf, refused, same } from '../suite/assertions.ts'
import { collect, dataOf } from '../suite/collect.ts'
import { fact, facts, freshName, freshStream } from '../suite/fixtures.ts'
import { within } from '../suite/wait-until.ts'
import type { EventStoreCase } from './event-store-case.ts'

const numbers = (events: readonly StoredEvent[]): number[] =>
  (dataOf(events) as { n: number }[]).map(({ n }) => n)
const at = (ms: number): Date => new Date(Date.UTC(2025, 0, 1) + ms)

const window = (what: string, options: ReadStreamOptions, expected: readonly number[]): EventStoreCase => ({
  name: `of ten events, a read ${what} yields ${expected.length === 0 ? 'nothing' : expected.join(', ')}`,
  run: async ({ store }) => {
    const id = freshStream()
    await store.append(id, tenEvents(), { expectedVersion: 'any' })
    same(numbers(await collect(store.read(id, options))), expected)
  },
})

/** `{ n: 1 }` to `{ n: 10 }`, one each 10 ms. */
function tenEvents(): NewEvent[] {
  return Array.from({ length: 10 }, (_, i) => fact(i + 1, { occurredAt: at(10 * (i + 1)) }))
}

const windows: readonly EventStoreCase[] = [
  window('without bounds', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
  window('backwards', { direction: 'backwards' }, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
  window('of versions 3 to 5', { fromVersion: 3, toVersion: 5 }, [3, 4, 5]),
  window('of versions 3 to 5 backwards', { fromVersion: 3, toVersion: 5, direction: 'backwards' }, [5, 4, 3]),
  window('from version 9', { fromVersion: 9 }, [9, 10]),
  window('from beyond the end', { fromVersion: 11 }, []),
  window('of an empty range', { fromVersion: 6, toVersion: 5 }, []),
  window('of one version', { fromVersion: 4, toVersion: 4 }, [4]),
  window('of at most 2', { limit: 2 }, [1, 2]),
  window('of at most 2 backwards', { limit: 2, direction: 'backwards' }, [10, 9]),
  window('of more than there are', { limit: 99, fromVersion: 8 }, [8, 9, 10]),
  window('from the millisecond of the third', { occurredFrom: at(30), limit: 2 }, [3, 4]),
  window('from a millisecond later', { occurredFrom: at(31), limit: 2 }, [4, 5]),
  window('until the millisecond of the third', { occurredUntil: at(30) }, [1, 2, 3]),
  window('until a millisecond earlier', { occurredUntil: at(29) }, [1, 2]),
  window('between two dates', { occurredFrom: at(20), occurredUntil: at(40) }, [2, 3, 4]),
  window('between dates the wrong way round', { occurredFrom: at(40), occurredUntil: at(20) }, []),
  window(
    'with every bound at once',
    {
      fromVersion: 2,
      toVersion: 9,
      occurredFrom: at(30),
      occurredUntil: at(80),
      direction: 'backwards',
      limit: 3,
    },
    [8, 7, 6],
  ),
]

const traceA = 'a'.repeat(32)
const traceB = 'b'.repeat(32)

interface Library {
  readonly store: EventStore
  readonly category: string
  readonly other: string
  readonly streams: readonly [StreamId, StreamId, StreamId]
  readonly opened: string
  readonly closed: string
  readonly correlationId: string
}

/** Two streams of one category and one of another, with every kind of mark on their events. */
async function openLibrary(store: EventStore): Promise<Library> {
  const [category, other] = [freshName('a'), freshName('b')]
  const streams = [freshStream(category), freshStream(category), freshStream(other)] as const
  const [opened, closed, correlationId] = [freshName('opened'), freshName('closed'), freshName('c')]
  const mark = (n: number, type: string, metadata: NewEvent['metadata'] = {}): NewEvent =>
    fact(n, { type, metadata: { correlationId, ...metadata }, occurredAt: at(n) })
  const [first, second, third] = streams
  const any = { expectedVersion: 'any' } as const
  await store.append(first, [mark(1, opened), mark(2, closed, { causationId: `${correlationId}-1` })], any)
  await store.append(second, [mark(3, opened, { tenant: `${correlationId}-t` })], any)
  await store.append(third, [mark(4, opened, { traceparent: `00-${traceA}-${'1'.repeat(16)}-01` })], any)
  await store.append(first, [mark(5, closed, { traceparent: `00-${traceB}-${'1'.repeat(16)}-00` })], any)
  return { store, category, other, streams, opened, closed, correlationId }
}

type Select = (library: Library) => ReadAllOptions

const selection = (what: string, select: Select, expected: readonly number[]): EventStoreCase => ({
  name: `a read over all streams ${what} yields ${expected.join(', ')} of five`,
  run: async ({ store }) => {
    const library = await openLibrary(store)
    same(numbers(await collect(store.readAll(select(library)))), expected)
  },
})

const selections: readonly EventStoreCase[] = [
  selection('by correlation', ({ correlationId }) => ({ correlationId }), [1, 2, 3, 4, 5]),
  selection(
    'by correlation backwards',
    ({ correlationId }) => ({ correlationId, direction: 'backwards' }),
    [5, 4, 3, 2, 1],
  ),
  selection('by type', ({ opened }) => ({ types: [opened] }), [1, 3, 4]),
  selection('by two types', ({ opened, closed }) => ({ types: [closed, opened] }), [1, 2, 3, 4, 5]),
  selection('by category', ({ category }) => ({ categories: [category] }), [1, 2, 3, 5]),
  selection(
    'by two categories',
    ({ category, other }) => ({ categories: [category, other] }),
    [1, 2, 3, 4, 5],
  ),
  selection('by causation', ({ correlationId }) => ({ causationId: `${correlationId}-1` }), [2]),
  selection('by tenant', ({ correlationId }) => ({ tenant: `${correlationId}-t` }), [3]),
  selection('by trace', ({ other }) => ({ traceId: traceA, categories: [other] }), [4]),
  selection('by trace and correlation', ({ correlationId }) => ({ traceId: traceB, correlationId }), [5]),
  selection(
    'by type and category',
    ({ opened, category }) => ({ types: [opened], categories: [category] }),
    [1, 3],
  ),
  selection(
    'by dates',
    ({ correlationId }) => ({ correlationId, occurredFrom: at(2), occurredUntil: at(4) }),
    [2, 3, 4],
  ),
  selection('up to a limit', ({ correlationId }) => ({ correlationId, limit: 2 }), [1, 2]),
  selection(
    'with everything at once',
    ({ correlationId, closed, category }) => ({
      correlationId,
      types: [closed],
      categories: [category],
      occurredFrom: at(1),
      direction: 'backwards',
      limit: 1,
    }),
    [5],
  ),
]

const positions: readonly EventStoreCase[] = [
  {
    name: 'a read after a position and before another excludes both',
    run: async ({ store }) => {
      const { correlationId } = await openLibrary(store)
      const [, second, , fourth] = await collect(store.readAll({ correlationId }))
      if (second === undefined || fourth === undefined) throw new Error('the library has five events')
      same(numbers(await collect(store.readAll({ correlationId, after: second.position }))), [3, 4, 5])
      same(numbers(await collect(store.readAll({ correlationId, before: fourth.position }))), [1, 2, 3])
      const between = { correlationId, after: second.position, before: fourth.position }
      same(numbers(await collect(store.readAll(between))), [3])
      same(numbers(await collect(store.readAll({ ...between, direction: 'backwards' }))), [3])
    },
  },
  {
    name: 'a read of everything between two positions excludes both',
    run: async ({ store }) => {
      const after = await store.log.head()
      const id = freshStream()
      await store.append(id, facts(3), { expectedVersion: 'any' })
      const { position: before } = await store.append(id, facts(3), { expectedVersion: 'any' })
      if (before === undefined) throw new Error('an append of three events has a position')
      const far = { ...before, commit: before.commit + 1000 }
      same(numbers(await collect(store.readAll({ after, before }))), [0, 1, 2, 0, 1])
      same(numbers(await collect(store.readAll({ after, before, direction: 'backwards', limit: 2 }))), [1, 0])
      same(await collect(store.readAll({ after: before })), [])
      same(numbers(await collect(store.readAll({ after, before: far }))), [0, 1, 2, 0, 1, 2])
    },
  },
  {
    name: 'a position inside a commit divides the commit for a read',
    run: async ({ store }) => {
      const id = freshStream()
      const correlationId = freshName('c')
      await store.append(id, facts(4), { expectedVersion: 'any', metadata: { correlationId } })
      const [, second] = await collect(store.read(id))
      if (second === undefined) throw new Error('the stream has four events')
      same(numbers(await collect(store.readAll({ correlationId, after: second.position }))), [2, 3])
      same(numbers(await collect(store.readAll({ correlationId, before: second.position }))), [0])
    },
  },
  {
    name: 'a read without any bound walks the whole log in order',
    run: async ({ store }) => {
      await openLibrary(store)
      let last = -1
      for await (const { position } of store.readAll({ limit: 2000 })) {
        const place = position.commit * 1_000_000 + position.index
        same(place > last, true, 'positions grow')
        last = place
      }
    },
  },
  {
    name: "a position of another log's generation is refused",
    run: async ({ store }) => {
      const foreign = { ...(await store.log.head()), generation: 'anotherlog' }
      await refused(async () => await collect(store.readAll({ after: foreign, limit: 1 })), {
        code: 'ERR_LOG_REPLACED',
      })
    },
  },
  {
    name: 'a read that asks for a position sees what was appended up to it',
    run: async ({ store }) => {
      const correlationId = freshName('c')
      const { position } = await store.append(freshStream(), facts(2), {
        expectedVersion: 'any',
        metadata: { correlationId },
      })
      if (position === undefined) throw new Error('an append of two events has a position')
      same(numbers(await collect(store.readAll({ correlationId, atLeast: position }))), [0, 1])
    },
  },
  {
    name: 'a read that asks for a position not reached yet waits for it, and ends when it is aborted',
    run: async ({ store }) => {
      const correlationId = freshName('c')
      const head = await store.log.head()
      const atLeast = { ...head, commit: head.commit + 1, index: 0 }
      const waiting = collect(store.readAll({ correlationId, atLeast }))
      const early = Promise.race([waiting.then(() => 'read'), delay(100).then(() => 'waiting')])
      same(await early, 'waiting')
      await store.append(freshStream(), [fact(7)], { expectedVersion: 'any', metadata: { correlationId } })
      same(numbers(await within(waiting, { what: 'the read to see the append' })), [7])

      const controller = new AbortController()
      const never = { ...head, commit: head.commit + 1_000_000_000 }
      const aborted = outcomeOf(
        collect(store.readAll({ correlationId, atLeast: never, signal: controller.signal })),
      )
      controller.abort(new Error('enough'))
      same(String(await within(aborted, { what: 'the aborted read to end' })), 'Error: enough')
    },
  },
]

const ends: readonly EventStoreCase[] = [
  {
    name: 'a read of a missing stream yields nothing',
    run: async ({ store }) => {
      same(await collect(store.read(freshStream())), [])
      same(await collect(store.readAll({ categories: [freshName('none')] })), [])
    },
  },
  {
    name: 'a stream is not mixed up with one whose id begins alike',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, [fact(1)], { expectedVersion: 'any' })
      await store.append(`${id}0` as StreamId, [fact(2)], { expectedVersion: 'any' })
      same(numbers(await collect(store.read(id))), [1])
    },
  },
  {
    name: 'an aborted read throws the reason of its signal and holds on to nothing',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, facts(50), { expectedVersion: 'any' })
      const controller = new AbortController()
      const { signal } = controller
      const read: number[] = []
      const error = await outcomeOf(async () => {
        for await (const { version } of store.read(id, { signal })) {
          read.push(version)
          if (read.length === 5) controller.abort(new Error('enough'))
        }
      })
      same([String(error), read.length < 50], ['Error: enough', true])
      const late = await outcomeOf(collect(store.readAll({ types: ['fact-recorded'], signal })))
      same(String(late), 'Error: enough')
    },
  },
  {
    name: 'a reader may stop early, again and again',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, facts(600), { expectedVersion: 'any' })
      for (let i = 0; i < 40; i++)
        for await (const { version } of store.read(id)) {
          same(version, 1)
          break
        }
      same(await store.currentVersion(id), 600)
    },
  },
]

/** Windows of one stream, selections over all, positions, ends. */
export const readCases: readonly EventStoreCase[] = [...windows, ...selections, ...positions, ...ends]

import { eventStoreCases, EventStoreContext } from '@millrace/conformance'
import type { EventStoreDeclaration } from '@millrace/conformance'
import { ConcurrencyError, NotSupportedError, satisfiesExpectation } from '@millrace/contracts'
import type {
  AppendReceipt,
  CommitId,
  EventLog,
  EventStore,
  EventVersion,
  NewEvent,
  StoredEvent,
} from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { openMemoryStore } from './open-memory-store.ts'

type Break = (store: EventStore) => Partial<EventStore>

/** A store with a mistake in it, and the case of the contract that must find it. */
interface Broken {
  readonly mistake: string
  readonly caughtBy: string
  readonly broken: Break
}

function broken(store: EventStore, change: Break): EventStore {
  return {
    capabilities: store.capabilities,
    log: store.log,
    append: async (...parameters) => await store.append(...parameters),
    commit: async (...parameters) => await store.commit(...parameters),
    read: (...parameters) => store.read(...parameters),
    readAll: (...parameters) => store.readAll(...parameters),
    currentVersion: async (id) => await store.currentVersion(id),
    exists: async (id) => await store.exists(id),
    describe: async (id) => await store.describe(id),
    listStreams: async (options) => await store.listStreams(options),
    tombstone: async (...parameters) => await store.tombstone(...parameters),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
    ...change(store),
  }
}

function brokenLog(
  log: EventLog<StoredEvent>,
  change: Partial<EventLog<StoredEvent>>,
): EventLog<StoredEvent> {
  return {
    name: log.name,
    beginning: async () => await log.beginning(),
    head: async () => await log.head(),
    readBatch: async (...parameters) => await log.readBatch(...parameters),
    readAt: async (position) => await log.readAt(position),
    waitForMore: async (...parameters) => await log.waitForMore(...parameters),
    lag: async (after) => await log.lag(after),
    ...change,
  }
}

async function* mapped(
  events: AsyncIterable<StoredEvent>,
  change: (event: StoredEvent) => StoredEvent | undefined,
): AsyncGenerator<StoredEvent> {
  for await (const event of events) {
    const changed = change(event)
    if (changed !== undefined) yield changed
  }
}

function sortedKeys(payload: string | Uint8Array): string {
  const value = JSON.parse(String(payload)) as unknown
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return String(payload)
  return JSON.stringify(Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

const stores: readonly Broken[] = [
  {
    mistake: 'checks the version, then writes',
    caughtBy: 'of twenty racing creates one wins, and each loser is told the true version',
    broken: (store) => ({
      append: async (id, events, options) => {
        const actual = await store.currentVersion(id)
        const { expectedVersion: expected } = options
        if (expected !== 'any' && !satisfiesExpectation(expected === 0 ? 'no-stream' : expected, actual))
          throw new ConcurrencyError({ streamId: id, expected, actual })
        return await store.append(id, events, { ...options, expectedVersion: 'any' })
      },
    }),
  },
  {
    mistake: 'leaves a gap in the versions',
    caughtBy: 'versions count from 1 without a gap over single appends and batches',
    broken: (store) => ({
      read: (id, options) =>
        mapped(store.read(id, options), (event) => ({
          ...event,
          version: (event.version > 3 ? event.version + 1 : event.version) as EventVersion,
        })),
    }),
  },
  {
    mistake: 'splits a commit over two batches',
    caughtBy: 'a batch of the log never splits a commit',
    broken: ({ log }) => ({
      log: brokenLog(log, {
        readBatch: async (after, options = {}) => {
          const { records, end } = await log.readBatch(after, options)
          return { records: records.slice(0, options.maxRecords ?? 500), end }
        },
      }),
    }),
  },
  {
    mistake: 'marks a commit as seen before it is written',
    caughtBy: 'a refused commit does not use its id up',
    broken: (store) => {
      const seen = new Set<CommitId>()
      return {
        append: async (id, events, options) => {
          const { commitId } = options
          if (commitId !== undefined && seen.has(commitId))
            return {
              streamId: id,
              version: await store.currentVersion(id),
              position: undefined,
              commitId,
              replayed: true,
            }
          if (commitId !== undefined) seen.add(commitId)
          return await store.append(id, events, options)
        },
      }
    },
  },
  {
    mistake: 'names a version in the error that the stream does not have',
    caughtBy:
      'of twenty racing appends at one expected version one wins, and each loser is told the true version',
    broken: (store) => ({
      append: async (id, events, options) => {
        try {
          return await store.append(id, events, options)
        } catch (error) {
          if (!(error instanceof ConcurrencyError)) throw error
          throw new ConcurrencyError(
            { ...error.conflict, actual: error.conflict.actual + 1 },
            { cause: error },
          )
        }
      },
    }),
  },
  {
    mistake: 'writes a batch event by event',
    caughtBy: 'one invalid event among a hundred refuses the whole append',
    broken: (store) => ({
      append: async (id, events, options) => {
        let receipt: AppendReceipt | undefined
        for (const event of events)
          receipt = await store.append(id, [event], { ...options, expectedVersion: 'any' })
        return receipt ?? (await store.append(id, [], options))
      },
    }),
  },
  {
    mistake: 'forgets the commit id of its caller',
    caughtBy: 'one commit sent by all lanes at once is stored once, and each gets its result',
    broken: (store) => ({
      append: async (id, events, { expectedVersion }) => await store.append(id, events, { expectedVersion }),
    }),
  },
  {
    mistake: 'surfaces a conflict to those who expect nothing',
    caughtBy: 'a thousand appends that expect nothing never conflict on one stream',
    broken: (store) => ({
      append: async (id, events, options) => {
        const expectedVersion =
          options.expectedVersion === 'any' ? await store.currentVersion(id) : options.expectedVersion
        return await store.append(id, events, { ...options, expectedVersion })
      },
    }),
  },
  {
    mistake: 'reads a range whose end it leaves out',
    caughtBy: 'any window of any stream is what the same window of an array is',
    broken: (store) => ({
      read: (id, options = {}) =>
        mapped(store.read(id, options), (event) => (event.version === options.toVersion ? undefined : event)),
    }),
  },
  {
    mistake: 'ignores one of two filters',
    caughtBy: 'any selection over all streams is what the same selection of an array is',
    broken: (store) => ({
      readAll: (options = {}) => {
        const { tenant, ...others } = options
        return store.readAll(options.types === undefined || tenant === undefined ? options : others)
      },
    }),
  },
  {
    mistake: 'sorts the keys of its payloads',
    caughtBy: 'data with keys out of order comes back byte for byte',
    broken: (store) => ({
      read: (id, options) =>
        mapped(store.read(id, options), (event) => ({ ...event, payload: sortedKeys(event.payload) })),
    }),
  },
  {
    mistake: 'skips what was committed while it read',
    caughtBy: 'readers of the log see every commit exactly once and in order while the lanes write',
    broken: ({ log }) => ({
      log: brokenLog(log, {
        readBatch: async (after, options = {}) => {
          const { records } = await log.readBatch(after, options)
          await new Promise((resolve) => {
            setImmediate(resolve)
          })
          return { records, end: await log.head() }
        },
      }),
    }),
  },
  {
    mistake: 'reads a whole stream into memory',
    caughtBy: '20000 events are read one by one in constant memory, of a stream and over all streams',
    broken: (store) => ({
      read: async function* (id, options) {
        const copies: StoredEvent[] = []
        for await (const event of store.read(id, options))
          copies.push({ ...event, payload: Buffer.from(String(event.payload)).toString('latin1') })
        yield* copies
      },
    }),
  },
  {
    mistake: 'takes appends in after it was closed',
    caughtBy: 'a closed store refuses every use with a typed error, and closing it twice is harmless',
    broken: (store) => ({
      append: async (id, events: readonly NewEvent[], options) => {
        try {
          return await store.append(id, events, options)
        } catch {
          return {
            streamId: id,
            version: 1 as EventVersion,
            position: undefined,
            commitId: undefined,
            replayed: false,
          }
        }
      },
    }),
  },
]

async function run(name: string, change: Break): Promise<void> {
  const declaration: EventStoreDeclaration = {
    name: 'a broken store',
    open: async () => broken(await openMemoryStore(), change),
    durability: { kind: 'gone-when-closed', why: 'memory' },
    lanes: { kind: 'in-process', why: 'memory' },
    capabilities: { multiStreamCommits: true },
  }
  const found = eventStoreCases(declaration).find((each) => each.name === name)
  if (found === undefined) throw new Error(`the contract has no case "${name}"`)
  await using context = await EventStoreContext.open(declaration)
  await found.run(context)
}

test('a store without commits over several streams passes the contract when it says so', async () => {
  const declaration: EventStoreDeclaration = {
    name: 'one stream a commit',
    open: async () =>
      broken(await openMemoryStore(), (store) => ({
        capabilities: { multiStreamCommits: false },
        commit: async (writes, options) => {
          if (writes.length > 1) throw new NotSupportedError('a commit over several streams')
          return await store.commit(writes, options)
        },
      })),
    durability: { kind: 'gone-when-closed', why: 'memory' },
    lanes: { kind: 'in-process', why: 'memory' },
    capabilities: { multiStreamCommits: false },
  }
  await using context = await EventStoreContext.open(declaration)
  const cases = eventStoreCases(declaration).filter(
    ({ name }) =>
      name.includes('commit of') || name.includes('says of itself') || name.startsWith('a commit over'),
  )
  expect(cases.map(({ name }) => name)).toContain(
    'a commit over two streams is refused by a store that has none',
  )
  for (const each of cases) await each.run(context)
})

describe('the contract catches a store that', () => {
  test.each(stores)('$mistake', async ({ caughtBy, broken: change }) => {
    await run(caughtBy, () => ({}))
    await expect(run(caughtBy, change)).rejects.toThrow(/./)
  })
})

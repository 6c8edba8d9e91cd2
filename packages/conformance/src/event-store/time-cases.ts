import { holds, refused, same } from '../suite/assertions.ts'
import { collect } from '../suite/collect.ts'
import { fact, facts, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const hour = 3_600_000

/** Occurred-at never decreases in a stream. */
export const timeCases: readonly EventStoreCase[] = [
  {
    name: "the store's occurred-at is never before the stream's last, even when that lies ahead of the clock",
    run: async ({ store }) => {
      const id = freshStream()
      const ahead = new Date(Date.now() + hour)
      await store.append(id, [fact(1, { occurredAt: ahead })], { expectedVersion: 'any' })
      await store.append(id, facts(2), { expectedVersion: 'any' })
      same(
        (await collect(store.read(id))).map(({ occurredAt }) => occurredAt),
        [ahead, ahead, ahead],
      )
    },
  },
  {
    name: "an occurred-at of the caller's before the stream's last is refused before anything is written",
    run: async ({ store }) => {
      const id = freshStream()
      const last = new Date('2025-01-01T00:00:00.001Z')
      await store.append(id, [fact(1, { occurredAt: last })], { expectedVersion: 'any' })
      const earlier = [fact(2), fact(3, { occurredAt: new Date('2025-01-01T00:00:00.000Z') })]
      for (const expectedVersion of ['any', 1] as const)
        await refused(store.append(id, earlier, { expectedVersion }), {
          code: 'ERR_INVALID_VALUE',
          field: 'event.occurredAt',
        })
      same(await store.currentVersion(id), 1)
      holds(await store.append(id, [fact(4, { occurredAt: last })], { expectedVersion: 1 }), { version: 2 })
    },
  },
  {
    name: 'an occurred-at that decreases within one append is refused before anything is written',
    run: async ({ store }) => {
      const id = freshStream()
      const events = [fact(1, { occurredAt: new Date(2000) }), fact(2, { occurredAt: new Date(1999) })]
      await refused(store.append(id, events, { expectedVersion: 'any' }), {
        code: 'ERR_INVALID_VALUE',
        field: 'event.occurredAt',
      })
      same(await store.exists(id), false)
    },
  },
  {
    name: 'an occurred-at comes back to the millisecond, from 1970 to far ahead',
    run: async ({ store }) => {
      const id = freshStream()
      const times = [0, 1, 999, 1_234_567_890_123, Date.UTC(2999, 11, 31, 23, 59, 59, 999)].map(
        (ms) => new Date(ms),
      )
      await store.append(
        id,
        times.map((occurredAt) => fact(1, { occurredAt })),
        { expectedVersion: 'any' },
      )
      same(
        (await collect(store.read(id))).map(({ occurredAt }) => occurredAt),
        times,
      )
    },
  },
  {
    name: 'recorded-at is whole milliseconds and the same for all events of a commit',
    run: async ({ store }) => {
      const id = freshStream()
      await store.append(id, facts(3), { expectedVersion: 'any' })
      const times = (await collect(store.read(id))).map(({ recordedAt }) => recordedAt.getTime())
      same([new Set(times).size, Number.isInteger(times[0])], [1, true])
    },
  },
]

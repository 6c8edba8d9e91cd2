import { createAggregates } from '@millrace/aggregates'
import type { CommandResult } from '@millrace/aggregates'
import { createIdFactory, createStreamId } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { locker } from './support/locker.ts'
import type { LockerCommand, LockerEvent } from './support/locker.ts'
import { watched } from './support/watched-store.ts'

const mint = createIdFactory()

/** One command, how often it is sent, and by which of three processes first. */
interface Sending {
  readonly command: LockerCommand
  readonly times: number
  readonly first: number
}

const anySending: fc.Arbitrary<Sending> = fc.record({
  command: fc.oneof(
    fc.record({ type: fc.constant('put'), item: fc.constantFrom('coat', 'hat') }),
    fc.record({ type: fc.constant('stamp'), by: fc.constantFrom('Ada', 'Bob') }),
    fc.constant({ type: 'fill' } as const),
    fc.constant({ type: 'lock' } as const),
    fc.constant({ type: 'unlock' } as const),
  ),
  times: fc.integer({ min: 1, max: 3 }),
  first: fc.integer({ min: 0, max: 2 }),
})

const accepted = (results: readonly CommandResult<LockerEvent>[]) =>
  results.flatMap((result) => (result.kind === 'accepted' ? [result] : []))

test('retries neither lose nor double: of all that writers send at once, again and again, each is recorded once', async () => {
  let conflicts = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anySending, { maxLength: 15 }), async (sendings) => {
      await using store = await openMemoryStore()
      // Each has a cache and lanes of its own, like a process.
      const views = [0, 1, 2].map(() => watched(store))
      const calls = views.map(({ watch }) => watch())
      const writers = views.map((view) =>
        createAggregates({
          store: view.store,
          category: 'locker',
          decider: locker,
          retry: { maxDelayMs: 2 },
        }),
      )
      const all = await Promise.all(
        sendings.map(async ({ command, times, first }) => {
          const commandId = mint()
          const sent = Array.from({ length: times }, async (_, n) => {
            const writer = writers[(first + n) % writers.length]
            if (writer === undefined) throw new Error('there are three')
            return await writer.handle('7', command, { commandId })
          })
          return accepted(await Promise.all(sent))
        }),
      )
      const stored = await collect(store.read(createStreamId('locker', '7')))
      expect(stored.map(({ version }) => Number(version))).toEqual(stored.map((_, i) => i + 1))
      let recorded = 0
      for (const results of all) {
        const withEvents = results.filter(({ events }) => events.length > 0)
        // However often it was sent: recorded once, and all who were told of it were told the same.
        expect(withEvents.filter(({ replayed }) => !replayed).length).toBe(withEvents.length > 0 ? 1 : 0)
        expect(new Set(withEvents.map(({ version }) => version)).size).toBeLessThan(2)
        recorded += withEvents.length > 0 ? 1 : 0
      }
      expect(recorded).toBe(stored.length)
      const fresh = createAggregates({ store, category: 'locker', decider: locker })
      const { state } = await fresh.load('7')
      for (const writer of writers) expect((await writer.load('7')).state).toEqual(state)
      const appends = calls.flat().filter((call) => call.kind === 'append' && call.events > 0)
      conflicts += appends.length - stored.length
    }),
    { numRuns: 60 },
  )
  // The property says little where nobody met anybody.
  expect(conflicts).toBeGreaterThan(20)
})

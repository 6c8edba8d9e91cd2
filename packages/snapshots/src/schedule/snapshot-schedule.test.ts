import { createStreamId, EventVersion } from '@millrace/contracts'
import type { ListStreamsOptions, SnapshotEntry, StreamId, StreamInfo } from '@millrace/contracts'
import { describe, expect, test, vi } from 'vitest'

import { account } from '../../fixtures/account.ts'
import { savedHeader } from '../../fixtures/saved.ts'
import { defineSnapshots } from '../policy/define-snapshots.ts'
import { nextPeriod, periodStart } from './period.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'

const at = (text: string): number => Date.parse(text)

test('hours and days begin by UTC', () => {
  const time = at('2026-03-29T01:59:59.999Z')
  expect(new Date(periodStart('hourly', time)).toISOString()).toBe('2026-03-29T01:00:00.000Z')
  expect(new Date(nextPeriod('hourly', time)).toISOString()).toBe('2026-03-29T02:00:00.000Z')
  expect(new Date(periodStart('daily', time)).toISOString()).toBe('2026-03-29T00:00:00.000Z')
  expect(new Date(nextPeriod('daily', time)).toISOString()).toBe('2026-03-30T00:00:00.000Z')
  expect(nextPeriod('daily', at('2026-03-30T00:00:00Z'))).toBe(at('2026-03-31T00:00:00Z'))
})

/** Streams in a map, and the snapshots that were taken of them. */
class Bench {
  readonly versions = new Map<StreamId, number>()
  readonly entries = new Map<StreamId, SnapshotEntry[]>()
  readonly failures: unknown[] = []
  readonly taken: string[] = []
  failing = false
  poisoned: StreamId | undefined
  time: number
  readonly schedule: SnapshotSchedule

  constructor(schedule: 'hourly' | 'daily', time: string, retryMs = 5) {
    this.time = at(time)
    const definition = defineSnapshots({ category: 'account', decider: account, schemaVersion: 2 })
    this.schedule = new SnapshotSchedule({
      schedule,
      store: { listStreams: async (options) => this.#page(options) },
      snapshots: {
        definition: definition as never,
        list: async (streamId) => this.entries.get(streamId) ?? [],
      },
      take: async (streamId) => this.#take(streamId),
      onFailure: (...failure) => this.failures.push(failure),
      now: () => this.time,
      retryMs,
    })
  }

  add(count: number): void {
    for (let n = 0; n < count; n++)
      this.versions.set(createStreamId('account', String(n).padStart(5, '0')), 1)
  }

  #page({ after = '', limit = 100 }: ListStreamsOptions = {}): readonly StreamInfo[] {
    const when = new Date(0)
    return [...this.versions]
      .filter(([id]) => id > after)
      .slice(0, limit)
      .map(([id, version]) => ({
        id,
        version: EventVersion.parse(version),
        createdAt: when,
        updatedAt: when,
        tombstonedAt: undefined,
      }))
  }

  #take(streamId: StreamId): void {
    if (this.failing || streamId === this.poisoned) throw new Error('away')
    const version = EventVersion.parse(this.versions.get(streamId) ?? 0)
    const header = { ...savedHeader(streamId), version, takenAt: new Date(this.time) }
    this.entries.set(streamId, [{ ...header, bytes: 1, header }])
    this.taken.push(streamId)
  }
}

describe('a schedule', () => {
  test('takes what changed once a period, of all streams', async () => {
    const bench = new Bench('daily', '2026-01-01T10:00:00Z')
    bench.add(1201)
    expect(await bench.schedule.runDue()).toEqual({ taken: 1201, failed: 0 })
    expect((await bench.schedule.runDue()).taken).toBe(0)
    const [first, second] = [...bench.versions.keys()]
    if (first === undefined || second === undefined) throw new Error('no streams')
    bench.versions.set(first, 7)
    expect((await bench.schedule.runDue()).taken).toBe(0)
    bench.time = at('2026-01-02T00:00:00Z')
    expect((await bench.schedule.runDue()).taken).toBe(1)
    expect(bench.taken.at(-1)).toBe(first)
    bench.versions.set(second, 2)
    bench.time = at('2026-01-02T23:59:59Z')
    expect((await bench.schedule.runDue()).taken).toBe(1)
  })

  test('takes it anew where there is none of this schema version', async () => {
    const bench = new Bench('hourly', '2026-01-01T10:00:00Z')
    bench.add(1)
    await bench.schedule.runDue()
    for (const [streamId, entries] of bench.entries)
      bench.entries.set(
        streamId,
        entries.map((entry) => ({ ...entry, schemaVersion: 1 })),
      )
    expect((await bench.schedule.runDue()).taken).toBe(1)
  })

  test('passes a stream by that cannot be folded', async () => {
    const bench = new Bench('hourly', '2026-01-01T10:00:00Z')
    bench.add(3)
    bench.poisoned = createStreamId('account', '00001')
    expect(await bench.schedule.runDue()).toEqual({ taken: 2, failed: 1 })
    expect(bench.failures).toEqual([[new Error('away'), bench.poisoned]])
  })

  test('goes on after a failure, and stops when it is disposed', async () => {
    const bench = new Bench('hourly', '2026-01-01T10:00:00Z')
    bench.add(2)
    bench.failing = true
    bench.schedule.start()
    await vi.waitUntil(() => bench.failures.length >= 2, { timeout: 5000 })
    bench.failing = false
    await vi.waitUntil(() => bench.taken.length === 2, { timeout: 5000 })
    await bench.schedule[Symbol.asyncDispose]()
    bench.time = at('2026-01-01T11:00:00Z')
    expect(bench.taken).toHaveLength(2)
  })
})

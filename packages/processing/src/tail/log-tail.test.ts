import type { EventLog, LogBatch, Position, ReadBatchOptions, StoredEvent } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { at, storedEvent } from '../stored-event.test.fixture.ts'
import { LogTail } from './log-tail.ts'

const batchSize = 100

/** A log in an array, one event a commit; like a database's it counts what the filter left out. */
class ArrayLog implements EventLog<StoredEvent> {
  readonly name = 'array'
  readonly #events: StoredEvent[] = []
  readonly #waiting = new Set<() => void>()
  /** Where readings without a filter began. */
  readonly shared: number[] = []
  /** Awaited by the next reading once it has looked. */
  held: Promise<void> | undefined

  append(count: number): void {
    for (let n = 0; n < count; n++) {
      const commit = this.#events.length + 1
      this.#events.push(storedEvent({ position: at(commit), type: commit % 50 === 0 ? 'rare' : 'common' }))
    }
    for (const wake of this.#waiting) wake()
  }

  async beginning(): Promise<Position> {
    return at(0)
  }

  async head(): Promise<Position> {
    return at(this.#events.length)
  }

  async readBatch(after: Position, options: ReadBatchOptions = {}): Promise<LogBatch<StoredEvent>> {
    const { maxRecords = 500, filter } = options
    if (filter === undefined) this.shared.push(after.commit)
    const found = this.#events.slice(after.commit, after.commit + maxRecords)
    const held = this.held
    this.held = undefined
    await held
    const records = found.filter(({ type }) => filter?.types?.includes(type) ?? true)
    return { records, end: found.at(-1)?.position ?? after }
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    return this.#events[position.commit - 1]
  }

  async waitForMore(after: Position, { signal }: { readonly signal?: AbortSignal }): Promise<boolean> {
    while (this.#events.length <= after.commit) {
      signal?.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
      await promise
      this.#waiting.delete(resolve)
    }
    return true
  }

  async lag(): Promise<{ records: number; oldest: undefined }> {
    return { records: 0, oldest: undefined }
  }
}

/** A tail over a log of its own. */
class Scene implements Disposable {
  readonly log = new ArrayLog()
  readonly #tail = new LogTail(this.log, { batchSize })
  readonly #ending = new AbortController()

  constructor(events: number) {
    this.log.append(events)
  }

  async next(after: number, type?: string): Promise<number[]> {
    const filter = type === undefined ? undefined : { types: [type] }
    const batch = await this.#tail.next(at(after), { filter, signal: this.#ending.signal })
    return batch?.records.map(({ position }) => position.commit) ?? []
  }

  [Symbol.dispose](): void {
    this.#ending.abort()
    this.#tail[Symbol.dispose]()
  }
}

test('a reader whose own reading is slow gets what the others were told of meanwhile', async () => {
  using scene = new Scene(10)
  const { log } = scene
  const { promise, resolve } = Promise.withResolvers<void>()
  log.held = promise
  const slow = scene.next(10)
  log.append(1)
  expect(await scene.next(10)).toEqual([11])
  const shared = scene.next(11)
  log.append(1)
  expect(await shared).toEqual([12])
  resolve()
  expect((await slow)[0]).toBe(11)
})

test('a reader far behind with a narrow filter does not hold up those at the head', async () => {
  using scene = new Scene(5_000)
  const { log } = scene
  expect(await scene.next(0, 'rare')).toEqual([50, 100])
  expect(await scene.next(100, 'rare')).toEqual([150, 200])
  const atHead = scene.next(5_000)
  log.append(1)
  expect(await atHead).toEqual([5_001])
  expect(Math.min(...log.shared)).toBeGreaterThanOrEqual(5_000)
})

test('a shared reading that nobody waited for does not hold up a reader ahead of it', async () => {
  using scene = new Scene(10)
  const { log } = scene
  const first = scene.next(10)
  log.append(1)
  expect(await first).toEqual([11])
  log.append(5_000)
  log.shared.length = 0
  const ahead = scene.next(5_011)
  log.append(1)
  expect(await ahead).toEqual([5_012])
  expect(Math.min(...log.shared)).toBeGreaterThanOrEqual(5_011)
})

test('readers at the head share one reading, also while the log grows', async () => {
  using scene = new Scene(0)
  const { log } = scene
  const read = async (): Promise<number[]> => {
    const seen: number[] = []
    while (seen.length < 300) seen.push(...(await scene.next(seen.at(-1) ?? 0)))
    return seen
  }
  const readers = [read(), read(), read()]
  for (let n = 0; n < 30; n++) {
    log.append(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const expected = Array.from({ length: 300 }, (_, index) => index + 1)
  expect(await Promise.all(readers)).toEqual([expected, expected, expected])
})

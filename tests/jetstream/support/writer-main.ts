/** A process of writers that race on shared streams and record what they were told; see writers.ts. */
import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { createIdFactory, isMillraceError } from '@millrace/contracts'
import type { EventStore, NewEvent, StreamId } from '@millrace/contracts'
import { createRandom } from '@millrace/testing'

import type { AppendOutcome, RecordedAppend } from './history.ts'
import { openTarget } from './store-target.ts'
import type { StoreTarget } from './store-target.ts'

/** What a process of writers is started with. */
export interface WriterSettings {
  readonly target: StoreTarget
  readonly streams: readonly StreamId[]
  /** How many write at once. */
  readonly writers: number
  /** Events the process writes in all. */
  readonly events: number
  readonly seed: number
  /** Where its record goes, a line of JSON for each append. */
  readonly history: string
}

/** What it tells its starter. */
export type WriterNews =
  | { readonly kind: 'progress'; readonly events: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string }

const mint = createIdFactory()
const progressEvery = 20

class Writers {
  readonly #store: EventStore
  readonly #settings: WriterSettings
  readonly #random: () => number
  readonly #history: WriteStream
  /** What this process believes of the streams. */
  readonly #versions = new Map<StreamId, number>()
  #written = 0

  constructor(store: EventStore, settings: WriterSettings) {
    this.#store = store
    this.#settings = settings
    this.#random = createRandom(settings.seed)
    this.#history = createWriteStream(settings.history)
  }

  async write(): Promise<void> {
    await Promise.all(Array.from({ length: this.#settings.writers }, () => this.#writer()))
    this.#history.end()
    await finished(this.#history)
  }

  async #writer(): Promise<void> {
    const { streams, events } = this.#settings
    while (this.#written < events) {
      const streamId = streams[Math.floor(this.#random() * streams.length)]
      if (streamId === undefined) throw new Error('there are no streams')
      await this.#append(streamId)
    }
  }

  async #append(streamId: StreamId): Promise<void> {
    const events = this.#newEvents()
    const expectedVersion = this.#versions.get(streamId) ?? 0
    const begin = performance.timeOrigin + performance.now()
    const outcome = await this.#outcomeOf(streamId, events, expectedVersion)
    const ids = events.map(({ id = '' }) => id)
    const ms = performance.timeOrigin + performance.now() - begin
    this.#record({ streamId, ids, outcome, begin, ms })
    if (outcome.kind === 'acknowledged') this.#count(events.length)
    if (outcome.kind === 'unknown') await this.#relearn(streamId)
  }

  #newEvents(): readonly NewEvent[] {
    const count = this.#random() < 0.8 ? 1 : 3
    return Array.from({ length: count }, (_, n) => ({ type: 'raced', data: { n }, id: mint() }))
  }

  async #outcomeOf(
    streamId: StreamId,
    events: readonly NewEvent[],
    expectedVersion: number,
  ): Promise<AppendOutcome> {
    try {
      const { version } = await this.#store.append(streamId, events, { expectedVersion })
      this.#learn(streamId, version)
      return { kind: 'acknowledged', version }
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable) throw error
      if (!('conflict' in error)) return { kind: 'unknown', error: error.message }
      this.#learn(streamId, (error.conflict as { readonly actual: number }).actual)
      return { kind: 'conflict' }
    }
  }

  /** A slower answer may be about an older version. */
  #learn(streamId: StreamId, version: number): void {
    this.#versions.set(streamId, Math.max(version, this.#versions.get(streamId) ?? 0))
  }

  async #relearn(streamId: StreamId): Promise<void> {
    for (;;) {
      try {
        this.#learn(streamId, await this.#store.currentVersion(streamId))
        return
      } catch (error) {
        if (!isMillraceError(error) || !error.retryable) throw error
        await sleep(50)
      }
    }
  }

  #record(append: RecordedAppend): void {
    this.#history.write(`${JSON.stringify(append)}\n`)
  }

  #count(events: number): void {
    const before = Math.floor(this.#written / progressEvery)
    this.#written += events
    if (Math.floor(this.#written / progressEvery) > before) tell({ kind: 'progress', events: this.#written })
  }
}

function tell(news: WriterNews, then: () => void = () => {}): void {
  process.send?.(news, then)
}

async function run(settings: WriterSettings): Promise<void> {
  await using store = await openTarget(settings.target)
  await new Writers(store, settings).write()
}

process.once('message', (settings: WriterSettings) => {
  run(settings).then(
    () => tell({ kind: 'done' }, () => process.disconnect()),
    (error: unknown) => tell({ kind: 'failed', reason: String(error) }, () => process.disconnect()),
  )
})

import { formatPosition } from '@millrace/contracts'
import type { EventStore, Position, StoredEvent } from '@millrace/contracts'

import { readCommits } from '../copy/source-commits.ts'
import { ArchiveError } from './archive-error.ts'
import { formatLine } from './archive-lines.ts'
import { filesOfPart } from './manifest.ts'
import type { ArchiveManifest } from './manifest.ts'
import { linesOf, parsed } from './read-archive.ts'

/** Which commits of a log to look for in an archive. */
export interface CompareOptions {
  readonly source: EventStore
  readonly folder: string
  readonly manifest: ArchiveManifest
  /** Number of the first commit. */
  readonly fromCommit: number
  /** Number of the first commit after them. */
  readonly toCommit: number
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
  readonly signal?: AbortSignal
}

/** What an archive holds of those commits. */
export interface ComparedPart {
  readonly events: number
  readonly occurredUntil: Date | undefined
}

interface Line {
  readonly place: Position
  readonly occurredAt: Date
  readonly text: string
}

const batchSize = 2_000

async function* linesOfPart({
  folder,
  manifest,
  fromCommit,
  toCommit,
}: CompareOptions): AsyncGenerator<Line, undefined> {
  for (const file of filesOfPart(manifest.files, { fromCommit, toCommit }))
    for (const text of await linesOf(folder, file)) {
      const { position: place, occurredAt } = parsed(folder, file, text).event
      if (place.commit >= fromCommit && place.commit < toCommit) yield { place, occurredAt, text }
    }
  return undefined
}

async function* eventsOfPart({
  source,
  fromCommit,
  toCommit,
  signal,
}: CompareOptions): AsyncGenerator<StoredEvent> {
  const { generation } = await source.log.beginning()
  const after = { generation, commit: Math.max(0, fromCommit - 1), index: 0 }
  const until = { generation, commit: toCommit - 1, index: 0 }
  for await (const { commits } of readCommits(source, { after, until, batchSize, signal })) {
    signal?.throwIfAborted()
    for (const { events } of commits) yield* events
  }
}

const isBefore = (a: Position, b: Position): boolean =>
  a.commit < b.commit || (a.commit === b.commit && a.index < b.index)

/** Walks through an archive beside the log. */
class Comparison {
  readonly #options: CompareOptions
  readonly #lines: AsyncGenerator<Line, undefined>
  readonly #total: number
  #line: Line | undefined
  #events = 0
  #occurredUntil: Date | undefined

  constructor(options: CompareOptions) {
    this.#options = options
    this.#lines = linesOfPart(options)
    const { manifest } = options
    this.#total = filesOfPart(manifest.files, options).reduce((sum, { events }) => sum + events, 0)
  }

  async run(): Promise<ComparedPart> {
    await this.#advance()
    for await (const event of eventsOfPart(this.#options)) await this.#find(event)
    while (this.#line !== undefined) await this.#advance()
    this.#options.onProgress?.({ events: this.#events, total: this.#events })
    return { events: this.#events, occurredUntil: this.#occurredUntil }
  }

  async #find(event: StoredEvent): Promise<void> {
    const { folder, source } = this.#options
    // What a tombstone has taken out of the log since is in the archive still.
    while (this.#line !== undefined && isBefore(this.#line.place, event.position)) await this.#advance()
    const at = formatPosition(event.position)
    if (this.#line === undefined || isBefore(event.position, this.#line.place))
      throw new ArchiveError(folder, `event ${event.id} at ${at} is not in it`)
    if (this.#line.text !== (await formatLine(event, source)))
      throw new ArchiveError(folder, `event ${event.id} at ${at} is another one in the log`)
    await this.#advance()
  }

  async #advance(): Promise<void> {
    const next = await this.#lines.next()
    this.#line = next.done === true ? undefined : next.value
    if (this.#line === undefined) return
    const { occurredAt } = this.#line
    this.#events += 1
    if (this.#occurredUntil === undefined || occurredAt > this.#occurredUntil)
      this.#occurredUntil = occurredAt
    if (this.#events % batchSize === 0)
      this.#options.onProgress?.({ events: this.#events, total: this.#total })
  }
}

/**
 * Looks for every event of some commits of a log in an archive, and compares them byte by byte.
 * @throws {@link ArchiveError} naming the first that is missing or another one
 */
export async function compareWithLog(options: CompareOptions): Promise<ComparedPart> {
  return await new Comparison(options).run()
}

import type { CopiedCommit, CopiedEvent, CopiedWrite, StreamId } from '@millrace/contracts'

import { mixedValues } from '../append/event-values.ts'
import { bucketOfHead, headAfter } from './copied-head.ts'
import type { HeadRow } from './copied-head.ts'

/** Array texts of Postgres: quotes and backslashes are the only characters that end a quoted element. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
const arrayText = (items: readonly (string | number)[]): string =>
  `{${items.map((item) => (typeof item === 'string' ? quoted(item) : String(item))).join(',')}}`

interface CommitRow {
  readonly seq: number
  readonly commitId: string
  readonly recordedAt: number
  readonly eventCount: number
  readonly bytes: number
  readonly streamIds: string
  readonly versions: string
  readonly lastIndexes: string
}

interface EventRow {
  readonly seq: number
  readonly index: number
  readonly version: number
  readonly recordedAt: number
  readonly bucket: number
  readonly streamId: StreamId
  readonly commitId: string
  readonly event: CopiedEvent
}

/** Commits of a copy as rows of its tables; the heads move along. */
export class CopiedRows {
  readonly #heads: Map<StreamId, HeadRow>
  readonly #moved = new Map<StreamId, HeadRow>()
  readonly #commits: CommitRow[] = []
  readonly #events: EventRow[] = []
  #seq: number

  /** `heads` are those of all streams that will be written to, `lastSeq` the number of the copy's last commit. */
  constructor(heads: readonly HeadRow[], lastSeq: number) {
    this.#heads = new Map(heads.map((head) => [head.streamId, head]))
    this.#seq = lastSeq
  }

  /** Of the last commit that was added. */
  get lastSeq(): number {
    return this.#seq
  }

  get isEmpty(): boolean {
    return this.#commits.length === 0
  }

  add({ commitId, recordedAt, writes }: CopiedCommit): void {
    this.#seq += 1
    const at = recordedAt.getTime()
    let index = 0
    let bytes = 0
    const results = writes.map((write) => {
      const before = this.#heads.get(write.streamId)
      const head = headAfter(before, write, at)
      this.#heads.set(write.streamId, head)
      this.#moved.set(write.streamId, head)
      this.#addEvents(write, head, { commitId, recordedAt: at, index })
      index += write.events.length
      bytes += write.events.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
      return { streamId: write.streamId, version: head.version, lastIndex: index - 1 }
    })
    this.#commits.push({
      seq: this.#seq,
      commitId,
      recordedAt: at,
      eventCount: index,
      bytes,
      streamIds: arrayText(results.map(({ streamId }) => streamId)),
      versions: arrayText(results.map(({ version }) => version)),
      lastIndexes: arrayText(results.map(({ lastIndex }) => lastIndex)),
    })
  }

  /** What was added since the last call, as values of `writeCommits`, `writeEvents` and the heads that moved. */
  take(): {
    readonly commits: readonly unknown[]
    readonly events: readonly unknown[]
    readonly heads: readonly HeadRow[]
  } {
    const commits = this.#commits.splice(0)
    const events = this.#events.splice(0)
    const heads = [...this.#moved.values()]
    this.#moved.clear()
    return { commits: commitValues(commits), events: eventValues(events), heads }
  }

  #addEvents(
    { events }: CopiedWrite,
    head: HeadRow,
    at: { readonly commitId: string; readonly recordedAt: number; readonly index: number },
  ): void {
    const first = head.version - events.length + 1
    const bucket = bucketOfHead(head)
    for (const [i, event] of events.entries())
      this.#events.push({
        seq: this.#seq,
        index: at.index + i,
        version: first + i,
        recordedAt: at.recordedAt,
        bucket,
        streamId: head.streamId,
        commitId: at.commitId,
        event,
      })
  }
}

function commitValues(rows: readonly CommitRow[]): readonly unknown[] {
  return [
    rows.map(({ seq }) => seq),
    rows.map(({ commitId }) => commitId),
    rows.map(({ recordedAt }) => recordedAt),
    rows.map(({ eventCount }) => eventCount),
    rows.map(({ bytes }) => bytes),
    rows.map(({ streamIds }) => streamIds),
    rows.map(({ versions }) => versions),
    rows.map(({ lastIndexes }) => lastIndexes),
  ]
}

function mintsNothing(): never {
  throw new Error('a copied event has its id')
}

function eventValues(rows: readonly EventRow[]): readonly unknown[] {
  return [
    rows.map(({ seq }) => seq),
    rows.map(({ index }) => index),
    rows.map(({ version }) => version),
    rows.map(({ event }) => event.occurredAt.getTime()),
    rows.map(({ recordedAt }) => recordedAt),
    rows.map(({ bucket }) => bucket),
    rows.map(({ streamId }) => streamId),
    rows.map(({ commitId }) => commitId),
    ...mixedValues(
      rows.map(({ event }) => event),
      mintsNothing,
    ),
  ]
}

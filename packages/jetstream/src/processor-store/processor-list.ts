import type { StoredMessage } from '../wire/stored-message.ts'
import type { Bucket } from './bucket.ts'
import { processorFormat } from './records.ts'
import type { ProcessorRecord } from './records.ts'

/** A bucket that was put back from a copy has lower sequences than the ones seen before. */
const wholeWalkEveryMs = 60_000

/** A processor and when its key was written, in epoch milliseconds by the server's clock. */
export interface ListedProcessor extends ProcessorRecord {
  readonly time: number
}

/** What is known of all processors, from their keys' messages up to one of them. */
class Walk {
  readonly startedAt: number = performance.now()
  readonly #known = new Map<string, ListedProcessor>()
  #upTo = 0

  get next(): number {
    return this.#upTo + 1
  }

  /** Ordered by name. */
  get processors(): readonly ListedProcessor[] {
    return [...this.#known.values()].toSorted((a, b) => (a.processor < b.processor ? -1 : 1))
  }

  note({ sequence, subject, time, payload }: StoredMessage): void {
    // Two looks at once may meet the same messages.
    if (sequence <= this.#upTo) return
    this.#upTo = sequence
    const record = processorFormat.parse(Buffer.from(payload).toString('utf8'))
    // One that cannot be read (any more) is no processor; whoever asks for it by name is told so.
    if (record === undefined) this.#known.delete(subject)
    else this.#known.set(subject, { ...record, time })
  }
}

/**
 * All processors, kept up to date by asking the leader for what changed since the last look: one question where nothing
 * did, however many there are.
 */
export class ProcessorList {
  readonly #bucket: Bucket
  #walk: Walk | undefined

  constructor(bucket: Bucket) {
    this.#bucket = bucket
  }

  /** Ordered by name. */
  async read(): Promise<readonly ListedProcessor[]> {
    const { leader, keys } = this.#bucket
    const walk = this.#recentWalk() ?? new Walk()
    for (;;) {
      const message = await leader.next(keys.processors, walk.next)
      if (message === undefined) break
      walk.note(message)
    }
    this.#walk = walk
    return walk.processors
  }

  #recentWalk(): Walk | undefined {
    const walk = this.#walk
    return walk !== undefined && performance.now() - walk.startedAt < wholeWalkEveryMs ? walk : undefined
  }
}

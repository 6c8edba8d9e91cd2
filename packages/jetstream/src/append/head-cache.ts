import type { StreamId } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import type { DecodeParts } from '../wire/decode-message.ts'
import type { LeaderReader } from '../wire/leader-read.ts'
import type { ReplacementWatch } from './replacement-watch.ts'
import { decodeEvents, headAfter, noHead } from './stream-head.ts'
import type { StreamHead } from './stream-head.ts'

const maxHeads = 20_000

/**
 * The last head this process saw of each stream it wrote to, by subject. It may be behind the truth, never ahead of it:
 * whoever builds on an old one is refused by the server, which compares sequences.
 */
export class HeadCache {
  readonly #heads = new Map<string, StreamHead>()
  readonly #leader: LeaderReader
  readonly #watch: ReplacementWatch
  readonly #parts: DecodeParts

  constructor(leader: LeaderReader, watch: ReplacementWatch, parts: DecodeParts) {
    this.#leader = leader
    this.#watch = watch
    this.#parts = parts
  }

  /** As this process knows it. */
  get(subject: string): StreamHead | undefined {
    return this.#heads.get(subject)
  }

  /**
   * As the stream's leader knows it. @throws {@link StreamCorruptError} where the last message is none of ours,
   * {@link NoAnswer} where the leader is behind what it acknowledged
   */
  async read(streamId: StreamId, subject: string): Promise<StreamHead> {
    this.#watch.check()
    const last = await this.#leader.last(subject)
    const head = last === undefined ? noHead : headAfter(decodeEvents(last, streamId, this.#parts), last)
    // A leader that was paused answers until it learns that there is another.
    if (head.sequence < (this.get(subject)?.sequence ?? 0)) {
      await this.#watch.look()
      throw new NoAnswer('stale', subject)
    }
    this.set(subject, head)
    return head
  }

  set(subject: string, head: StreamHead): void {
    this.#heads.set(subject, head)
    if (this.#heads.size <= maxHeads) return
    // Those written to longest ago are not told from the others: a map whose front is emptied one by one gets slow.
    this.#heads.clear()
    this.#heads.set(subject, head)
  }
}

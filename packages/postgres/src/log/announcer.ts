import type { SqlDatabase } from '../sql/sql-database.ts'
import type { WakeUp } from './wake-up.ts'

const pauseMs = 20
// A notification has nothing to be durable for: it must not make the disk work beside the appends.
const notify = "select pg_notify($1, ''), set_config('synchronous_commit', 'off', true)"

/**
 * Tells other processes of commits, by NOTIFY from outside of any append: inside, it would make commits wait for each
 * other. One notification at once, then at most one every 20 ms. A lost one costs the others a poll.
 */
export class Announcer implements AsyncDisposable {
  readonly #database: SqlDatabase
  readonly #channel: string
  readonly #local: WakeUp
  #timer: NodeJS.Timeout | undefined
  #again = false
  #sending: Promise<void> = Promise.resolve()
  #closed = false

  constructor(database: SqlDatabase, channel: string, local: WakeUp) {
    this.#database = database
    this.#channel = channel
    this.#local = local
  }

  /** To be called after each commit. */
  announce(): void {
    this.#local.wake()
    if (!this.#database.shared || this.#closed) return
    if (this.#timer !== undefined) {
      this.#again = true
      return
    }
    this.#timer = setTimeout(() => this.#pauseOver(), pauseMs)
    this.#sending = this.#send()
  }

  /** Sends what is still to be told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#again) this.#sending = this.#send()
    await this.#sending
  }

  #pauseOver(): void {
    this.#timer = undefined
    if (!this.#again) return
    this.#again = false
    this.announce()
  }

  async #send(): Promise<void> {
    try {
      await this.#database.query(notify, [this.#channel])
    } catch {
      // The commit is durable and readers poll: a notification that fails must not look like a failed append.
    }
  }
}

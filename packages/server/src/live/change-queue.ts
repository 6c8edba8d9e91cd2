import type { AppChange } from '@millrace/app'

import type { LiveConnection } from './live-connection.ts'

/** Far more than a client that keeps up ever has waiting. */
const maxWaiting = 1_000

/**
 * Changes on their way to one client. Of several changes of one thing only the newest is kept; a client that lets too
 * many pile up is cut.
 */
export class ChangeQueue {
  readonly #connection: LiveConnection
  readonly #waiting = new Map<string, AppChange>()
  #sending = false

  constructor(connection: LiveConnection) {
    this.#connection = connection
  }

  push(change: AppChange): void {
    this.#waiting.set(`${change.kind}:${change.kind === 'delivery' ? change.id : change.name}`, change)
    if (this.#waiting.size > maxWaiting) this.#connection.cut()
    if (!this.#sending) void this.#send()
  }

  /** Never rejects: a connection that is over takes everything. */
  async #send(): Promise<void> {
    this.#sending = true
    for (const [key, change] of this.#waiting) {
      this.#waiting.delete(key)
      const { kind, ...data } = change
      await this.#connection.send({ event: kind, data })
    }
    this.#sending = false
  }
}

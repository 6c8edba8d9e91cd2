import { AsyncLocalStorage } from 'node:async_hooks'

import { TransactionReentryError } from '@millrace/contracts'

/**
 * Knows whether the running code is inside a transaction of one database. There, the database itself must not be
 * used: on one connection the call would wait for a transaction that waits for the call.
 */
export class TransactionScope {
  readonly #storage = new AsyncLocalStorage<{ active: boolean }>()

  /** @throws {@link TransactionReentryError} inside of {@link TransactionScope.run}. */
  assertOutside(): void {
    if (this.#storage.getStore()?.active === true)
      throw new TransactionReentryError(
        'the database was used inside one of its transactions: use the transaction handle given to the work',
      )
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const mark = { active: true }
    try {
      return await this.#storage.run(mark, work)
    } finally {
      // What the work left running (a timer, say) is outside from now on.
      mark.active = false
    }
  }
}

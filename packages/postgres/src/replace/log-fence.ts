import { setTimeout as sleep } from 'node:timers/promises'

import { ConnectionError, LogReplacedError } from '@millrace/contracts'

import { hasSqlState, sqlState } from '../sql/sql-error.ts'

const patienceMs = 10_000
const pauseMs = 25

/** Both generations, as `refuse_replaced` tells them. */
const generations = /(\w+) (\w+)$/

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause === undefined ? error.message : messageOf(error.cause)
}

/** An append to a log that is being replaced: it waits for what comes of that. */
export class LogFence {
  #since: number | undefined

  /**
   * True for an append to be tried again, after a pause; false for an error that has nothing to do with it.
   * @throws {@link LogReplacedError} once the log was replaced, {@link ConnectionError} when that takes too long
   */
  async passes(error: unknown): Promise<boolean> {
    if (hasSqlState(error, sqlState.logReplaced)) {
      const [, expected = '', actual = ''] = generations.exec(messageOf(error)) ?? []
      throw new LogReplacedError({ expected, actual }, { cause: error })
    }
    if (!hasSqlState(error, sqlState.logFenced)) return false
    this.#since ??= performance.now()
    if (performance.now() - this.#since >= patienceMs)
      throw new ConnectionError('the log is being replaced; nothing was written', { cause: error })
    await sleep(pauseMs)
    return true
  }
}

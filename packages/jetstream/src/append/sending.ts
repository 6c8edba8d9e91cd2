import { ConnectionError } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import type { PreparedCommit } from './prepared-commit.ts'
import { Tries } from './tries.ts'
import type { TriesOptions } from './tries.ts'

/** A commit on its way: what has become of it so far. */
export class Sending extends Tries {
  readonly commit: PreparedCommit
  #unanswered = false

  constructor(commit: PreparedCommit, options: TriesOptions) {
    super(options)
    this.commit = commit
  }

  /** True once a try had no answer: the commit may be there, or may yet come. */
  get unanswered(): boolean {
    return this.#unanswered
  }

  /** The commit was sent, and nobody answered. */
  async sentInVain(reason: unknown): Promise<void> {
    const reachedNobody = reason instanceof NoAnswer && reason.silence === 'no-responders'
    if (!reachedNobody) this.#unanswered = true
    await this.silence(reason)
  }

  /** It is known by now that the tries without an answer stored nothing and never will. */
  settle(): void {
    this.#unanswered = false
  }

  protected override givenUp(reason: unknown): unknown {
    const what = `commit ${this.commit.commitId}`
    if (this.#unanswered) {
      return new ConnectionError(
        `${what} was not acknowledged in time; it may have been recorded, or may yet be: send it again with its commit id`,
        { cause: reason },
      )
    }
    if (isRefusal(reason, errorCodes.streamNotFound)) return super.givenUp(reason)
    return new ConnectionError(`${what} could not be recorded in time; nothing was written`, {
      cause: reason,
    })
  }
}

import { ConnectionError } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import { Tries } from './tries.ts'
import type { TriesOptions } from './tries.ts'

/** Deletes what lies before a tombstone that is there already. */
export class Purging extends Tries {
  readonly #streamId: StreamId

  constructor(streamId: StreamId, options: TriesOptions) {
    super(options)
    this.#streamId = streamId
  }

  protected override givenUp(reason: unknown): ConnectionError {
    return new ConnectionError(
      `stream ${this.#streamId} is closed, but it is not known whether its events are deleted: tombstone it again`,
      { cause: reason },
    )
  }
}

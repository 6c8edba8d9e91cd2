import { isDeepStrictEqual } from 'node:util'

import { Pulse } from '@millrace/processing'

/** What a live query is made of. */
export interface Watched<T> {
  readonly query: () => Promise<T>
  /** Tells when the read model may have moved, until the returned function is called. */
  readonly onMove: (listener: () => void) => () => void
  /** Milliseconds after which it is asked anyway: another process may have moved it. */
  readonly everyMs: number
  readonly signal: AbortSignal
}

/**
 * The result of a query, and each other one that it has later. Results that come while the consumer is busy are not kept:
 * it gets the newest. Ends without an error when the signal aborts.
 */
export async function* watchModel<T>(watched: Watched<T>): AsyncGenerator<T, void, undefined> {
  const { query, onMove, everyMs, signal } = watched
  const pulse = new Pulse()
  const stop = onMove(() => pulse.notify())
  try {
    let last: { readonly result: T } | undefined
    while (!signal.aborted) {
      const result = await query()
      if (signal.aborted) return
      if (last === undefined || !isDeepStrictEqual(last.result, result)) {
        last = { result }
        yield result
      }
      await pulse.wait({ timeoutMs: everyMs, signal })
    }
  } finally {
    stop()
  }
}

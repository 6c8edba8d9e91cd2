/**
 * The promise's outcome, or the signal's reason if that comes first. A promise left behind may still settle; its
 * outcome is of no interest to anybody then, and a rejection of it is not unhandled.
 */
export async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The promise's outcome, or `late()` thrown after `ms` milliseconds. */
export async function within<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const tooLate = Promise.withResolvers<never>()
  const timer = setTimeout(() => tooLate.reject(late()), ms)
  try {
    return await Promise.race([promise, tooLate.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for the promise to settle, but not longer than `ms` milliseconds; never rejects. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const end = (): void => resolve()
  const timer = setTimeout(end, ms)
  promise.then(end, end)
  await ended
  clearTimeout(timer)
}

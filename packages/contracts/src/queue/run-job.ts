import { isMillraceError } from '../errors/millrace-error.ts'
import type { JobHandler, RunningJob } from './job-queue.ts'

const maxErrorLength = 1_000

/** What bounds one attempt. */
export interface JobBounds {
  readonly timeoutMs: number
  /** Aborted when the worker has to end. */
  readonly signal: AbortSignal
}

/**
 * For adapters: one attempt, which ends with its handler, its time, or the worker. Rejects with what failed it; a handler
 * that goes on after that is left to itself, with its signal aborted.
 */
export async function runJob(
  handle: JobHandler,
  job: Omit<RunningJob, 'signal'>,
  { timeoutMs, signal: ends }: JobBounds,
): Promise<void> {
  const late = new AbortController()
  const message = `timed out after ${timeoutMs} ms`
  const timer = setTimeout(() => late.abort(new DOMException(message, 'TimeoutError')), timeoutMs)
  const signal = AbortSignal.any([late.signal, ends])
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    const { id, name, data, attempt, maxAttempts } = job
    const progress = job.progress.bind(job)
    await Promise.race([handle({ id, name, data, attempt, maxAttempts, signal, progress }), aborted])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** For adapters: whether a failure is the last one whatever the policy says. */
export function isLastFailure(error: unknown): boolean {
  return isMillraceError(error) && !error.retryable
}

/** For adapters: what is kept of a failure. */
export function jobFailureText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.replaceAll('\0', '').toWellFormed().slice(0, maxErrorLength)
}

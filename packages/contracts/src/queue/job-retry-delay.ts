import type { JobRetryPolicy } from './job-queue.ts'

/** Milliseconds before the next attempt, after so many. `random` is from 0 to 1. */
export function jobRetryDelay(
  { initialMs, maxMs }: Required<JobRetryPolicy>,
  attempts: number,
  random: number,
): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(attempts - 1, 40))
  return Math.round(full / 2 + (full / 2) * random)
}

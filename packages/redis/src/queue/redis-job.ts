import type { JobView, JsonValue } from '@millrace/contracts'
import type { Job, JobState } from 'bullmq'

const states: Readonly<Partial<Record<JobState | 'unknown', JobView['state']>>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  delayed: 'delayed',
  active: 'active',
  completed: 'done',
  failed: 'dead',
}

/** BullMQ begins with the number 0 where nothing was told. */
function progressOf({ progress }: Job): JsonValue | undefined {
  return progress === 0 ? undefined : (progress as { value: JsonValue }).value
}

/** What is told as progress, so that a 0 can be told from nothing. */
export function toProgress(value: JsonValue): { value: JsonValue } {
  return { value }
}

/** A job of BullMQ as the port has it. */
export function jobView(job: Job, state: JobState | 'unknown'): JobView | undefined {
  const known = states[state]
  if (known === undefined) return undefined
  return {
    id: job.id ?? '',
    name: job.name,
    data: job.data as JsonValue,
    state: known,
    attempts: job.attemptsStarted,
    progress: progressOf(job),
    error: job.failedReason,
  }
}

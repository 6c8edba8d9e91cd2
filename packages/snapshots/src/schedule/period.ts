import type { ScheduleName } from '../policy/define-snapshots.ts'

const lengthMs = { hourly: 3_600_000, daily: 86_400_000 } as const satisfies Record<ScheduleName, number>

/** The start of the hour or day (UTC) a time lies in, in epoch milliseconds. */
export function periodStart(schedule: ScheduleName, time: number): number {
  return time - (time % lengthMs[schedule])
}

/** The start of the next one. */
export function nextPeriod(schedule: ScheduleName, time: number): number {
  return periodStart(schedule, time) + lengthMs[schedule]
}

import { ConfigurationError } from '@millrace/contracts'

/** When something that failed is tried again. */
export interface RetryPolicy {
  /** How the pauses grow: all alike, by `initialMs` each time, or doubling. @defaultValue `'exponential'` */
  readonly shape?: 'fixed' | 'linear' | 'exponential'
  /** Attempts in all, the first included; 1 to 1000. @defaultValue 3 */
  readonly maxAttempts?: number
  /** Milliseconds before the second attempt; 0 to 86_400_000. @defaultValue 100 */
  readonly initialMs?: number
  /** The longest pause in milliseconds, not below `initialMs`. @defaultValue 30_000 */
  readonly capMs?: number
  /** `'full'`: a random part of the pause, so that many failures do not return at once. @defaultValue `'full'` */
  readonly jitter?: 'full' | 'none'
}

/** A complete, valid {@link RetryPolicy}. */
export type RetrySchedule = Readonly<Required<RetryPolicy>>

const dayMs = 86_400_000

const retryDefaults: RetrySchedule = {
  shape: 'exponential',
  maxAttempts: 3,
  initialMs: 100,
  capMs: 30_000,
  jitter: 'full',
}

function isBetween(value: number, low: number, high: number): boolean {
  return Number.isFinite(value) && value >= low && value <= high
}

/** Fills in the defaults. @throws {@link ConfigurationError} naming the field below `setting` */
export function createRetrySchedule(policy: RetryPolicy, setting: string): RetrySchedule {
  const initialMs = policy.initialMs ?? retryDefaults.initialMs
  const schedule = { ...retryDefaults, capMs: Math.max(retryDefaults.capMs, initialMs), ...policy }
  const refuse = (field: string, rule: string): never => {
    throw new ConfigurationError(`${setting}.${field}`, `must be ${rule}`)
  }
  if (!['fixed', 'linear', 'exponential'].includes(schedule.shape))
    refuse('shape', "'fixed', 'linear' or 'exponential'")
  if (!Number.isInteger(schedule.maxAttempts) || !isBetween(schedule.maxAttempts, 1, 1000))
    refuse('maxAttempts', 'a whole number from 1 to 1000')
  if (!isBetween(schedule.initialMs, 0, dayMs)) refuse('initialMs', 'milliseconds from 0 to 86400000')
  if (!isBetween(schedule.capMs, schedule.initialMs, dayMs))
    refuse('capMs', 'milliseconds from initialMs to 86400000')
  if (!['full', 'none'].includes(schedule.jitter)) refuse('jitter', "'full' or 'none'")
  return schedule
}

function plainDelayMs({ shape, initialMs, capMs }: RetrySchedule, failed: number): number {
  const factor = shape === 'fixed' ? 1 : shape === 'linear' ? failed : 2 ** Math.min(failed - 1, 50)
  return Math.min(capMs, initialMs * factor)
}

/** Milliseconds to wait after the `failed`-th failed attempt (from 1). */
export function retryDelayMs(schedule: RetrySchedule, failed: number, random: () => number): number {
  const plain = plainDelayMs(schedule, failed)
  return schedule.jitter === 'full' ? plain * random() : plain
}

/**
 * Milliseconds to wait for a destination that could not be reached at all, `ageMs` after the delivery was opened. The
 * pause is as long as the delivery has waited already, so it doubles without anybody counting; never below half of it,
 * since an attempt that costs nothing must not be hurried.
 */
export function deferralMs(schedule: RetrySchedule, ageMs: number, random: () => number): number {
  const { shape, initialMs, capMs, jitter } = schedule
  const plain = shape === 'fixed' ? initialMs : Math.min(capMs, Math.max(initialMs, ageMs))
  return jitter === 'full' ? plain / 2 + (plain / 2) * random() : plain
}

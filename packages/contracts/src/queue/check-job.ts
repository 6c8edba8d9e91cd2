import type { JsonValue } from '../envelope/metadata.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import { checkSubject } from '../privacy/check-subject.ts'
import { checkText } from '../processing/check-values.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { EnqueueOptions, JobRetryPolicy, WorkOptions } from './job-queue.ts'

const [maxName, maxDataBytes, maxKeyBytes] = [100, 1024 ** 2, 1_000]
const [dayMs, yearMs] = [86_400_000, 365 * 86_400_000]

const retryDefaults = { maxAttempts: 3, initialMs: 100, maxMs: 30_000 } as const
const workDefaults = {
  concurrency: 1,
  timeoutMs: 30_000,
  graceMs: 10_000,
  onProblem: () => undefined,
} as const

/** What every adapter checks before it enqueues a job; gives its data as JSON. @throws {@link InvalidValueError} */
export function checkJob(
  name: string,
  data: JsonValue,
  { idempotencyKey, delayMs = 0, subject }: EnqueueOptions<unknown>,
): string {
  checkText('name', name)
  if (name.length > maxName) throw new InvalidValueError('name', `at most ${maxName} characters`)
  checkWhole('options.delayMs', delayMs, { min: 0, max: yearMs })
  if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey)
  if (subject !== undefined) checkSubject(subject)
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new InvalidValueError('data', 'a value that JSON can say')
  if (Buffer.byteLength(text) > maxDataBytes) throw new InvalidValueError('data', 'at most 1 MiB as JSON')
  return text
}

function checkIdempotencyKey(key: string): void {
  checkText('options.idempotencyKey', key)
  if (Buffer.byteLength(key) > maxKeyBytes)
    throw new InvalidValueError('options.idempotencyKey', `at most ${maxKeyBytes} bytes`)
}

/** Fills in what was left out. @throws {@link InvalidValueError} */
export function checkJobRetry(policy: JobRetryPolicy = {}): Required<JobRetryPolicy> {
  const checked = { ...retryDefaults, ...policy }
  checkWhole('options.retry.maxAttempts', checked.maxAttempts, { min: 1, max: 100 })
  checkWhole('options.retry.initialMs', checked.initialMs, { min: 0, max: dayMs })
  checkWhole('options.retry.maxMs', checked.maxMs, { min: 0, max: dayMs })
  return checked
}

/** Fills in what was left out. @throws {@link InvalidValueError} */
export function checkWork(options: WorkOptions = {}): Required<WorkOptions> {
  const checked = { ...workDefaults, ...options }
  checkWhole('options.concurrency', checked.concurrency, { min: 1, max: 1_000 })
  checkWhole('options.timeoutMs', checked.timeoutMs, { min: 1, max: dayMs })
  checkWhole('options.graceMs', checked.graceMs, { min: 0, max: dayMs })
  return checked
}

/** @throws {@link InvalidValueError} */
export function checkQueueName(name: string): void {
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new InvalidValueError('options.name', '1 to 64 letters, digits, "-", "_" or "."')
}

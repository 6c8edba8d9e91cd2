import { InvalidValueError } from '../errors/value-errors.ts'
import { checkText } from '../processing/check-values.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { AcquireLockOptions, LockProgress } from './lock-driver.ts'

const maxLength = 200
const maxTtlMs = 3_600_000

function checkShort(field: string, text: string): void {
  checkText(field, text)
  if (text.length > maxLength) throw new InvalidValueError(field, `at most ${maxLength} characters`)
}

/** @throws {@link InvalidValueError} */
export function checkLockName(name: string): void {
  checkShort('name', name)
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name) || name.trim() === '')
    throw new InvalidValueError('name', 'a name without control characters, not only white space')
}

/** @throws {@link InvalidValueError} */
export function checkLockTtl(field: string, ttlMs: number): void {
  checkWhole(field, ttlMs, { min: 1, max: maxTtlMs })
}

/** What every driver checks before it grants a lock. @throws {@link InvalidValueError} */
export function checkAcquireLock(name: string, { owner, ttlMs, above = 0 }: AcquireLockOptions): void {
  checkLockName(name)
  checkShort('options.owner', owner)
  checkLockTtl('options.ttlMs', ttlMs)
  checkWhole('options.above', above, { min: 0, max: Number.MAX_SAFE_INTEGER - 1 })
}

/** What every driver checks before it renews one. @throws {@link InvalidValueError} */
export function checkRenewLock(ttlMs: number, progress: LockProgress | undefined): void {
  checkLockTtl('ttlMs', ttlMs)
  if (progress === undefined) return
  checkShort('progress.mark', progress.mark)
  checkWhole('progress.behind', progress.behind, { min: 0 })
}

/** What every driver checks before it takes one away. @throws {@link InvalidValueError} */
export function checkForceRelease(name: string, by: string): void {
  checkLockName(name)
  checkShort('by', by)
}

import { isMillraceError } from '../errors/millrace-error.ts'
import { LockDriverUnavailableError } from '../errors/operation-errors.ts'

/** For adapters: a server that cannot be reached is an {@link LockDriverUnavailableError} of this driver; all else passes. */
export async function reachingLockDriver<T>(driver: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'ERR_CONNECTION') throw error
    throw new LockDriverUnavailableError(driver, { cause: error })
  }
}

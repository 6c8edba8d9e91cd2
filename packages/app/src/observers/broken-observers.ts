import type { AppObservers } from './app-observers.ts'

/** Observers that could not be loaded where an app is only looked at: everything else of it can be. */
export function brokenObservers(error: unknown): AppObservers {
  const fail = (): never => {
    throw error
  }
  const reject = async (): Promise<never> => fail()
  return {
    list: fail,
    summary: fail,
    destinations: fail,
    check: fail,
    test: reject,
    put: reject,
    remove: reject,
    setEnabled: reject,
    history: reject,
    reload: reject,
  }
}

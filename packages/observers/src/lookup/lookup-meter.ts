import type { PreparedObserver } from '../observer/prepared-observer.ts'
import type { PreparedLookup } from './lookup.ts'

/** Look-ups that were made, those the cache answered among them. */
export interface LookupReport {
  readonly made: number
  /** Milliseconds of all of them together. */
  readonly ms: number
}

/** Counts an observer's look-ups and how long they take. */
export class LookupMeter {
  #made = 0
  #ms = 0

  report(): LookupReport {
    return { made: this.#made, ms: this.#ms }
  }

  /** The same observer, its look-ups counted. */
  measured(observer: PreparedObserver): PreparedObserver {
    if (
      observer.conditionLookups.length === 0 &&
      observer.actions.every(({ lookups }) => lookups.length === 0)
    )
      return observer
    return {
      ...observer,
      conditionLookups: this.#each(observer.conditionLookups),
      actions: observer.actions.map((action) => ({ ...action, lookups: this.#each(action.lookups) })),
    }
  }

  #each(lookups: readonly PreparedLookup[]): readonly PreparedLookup[] {
    return lookups.map((lookup) => ({
      ...lookup,
      read: async (key, at) => {
        const from = performance.now()
        try {
          return await lookup.read(key, at)
        } finally {
          this.#made++
          this.#ms += performance.now() - from
        }
      },
    }))
  }
}

import { failure } from '../difference/mismatch.ts'
import { nameOf } from './place.ts'
import type { Place } from './place.ts'
import { react } from './reactions.ts'

/** Settings of {@link holdAt}. */
export interface HoldOptions {
  /** Which of the times the place is reached, from 1; the others pass. @defaultValue 1 */
  readonly hit?: number
  /** Milliseconds to wait for it. @defaultValue 10_000 */
  readonly timeoutMs?: number
}

const holdDefaults: Required<HoldOptions> = { hit: 1, timeoutMs: 10_000 }

/** Code that is held at a place. */
export interface Hold extends Disposable {
  /** Resolves when the code stands there. @throws AssertionError when it does not come in time */
  reached(): Promise<void>
  /** Lets it go on; so does disposal. */
  release(): void
}

/** Holds what reaches a place there until it is released: for races that must happen in one order. */
export function holdAt(place: Place, options: HoldOptions = {}): Hold {
  const { hit, timeoutMs } = { ...holdDefaults, ...options }
  const name = nameOf(place)
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let hits = 0
  const reaction = react((reachedName) => {
    if (reachedName !== name || (hits += 1) !== hit) return undefined
    arrived.resolve()
    return released.promise
  })
  return {
    async reached() {
      const late = Promise.withResolvers<'late'>()
      const timer = setTimeout(() => late.resolve('late'), timeoutMs)
      try {
        if ((await Promise.race([arrived.promise, late.promise])) !== 'late') return
      } finally {
        clearTimeout(timer)
      }
      throw failure(`${name} was reached ${hits} of ${hit} times within ${timeoutMs} ms`)
    },
    release: () => released.resolve(),
    [Symbol.dispose]: () => {
      reaction[Symbol.dispose]()
      released.resolve()
    },
  }
}

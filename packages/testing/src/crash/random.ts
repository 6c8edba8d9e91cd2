import { ConfigurationError } from '@millrace/contracts'

/** Numbers from 0 to below 1, the same for one seed on every machine (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const seeds = 2 ** 32

/** The variable of the environment that repeats a run. */
export const seedVariable = 'MILLRACE_SEED'

/**
 * The seed of a run: `MILLRACE_SEED`, so that one can be repeated, else from the clock.
 * @throws {@link ConfigurationError} for anything but a whole number from 0 to 2^32 - 1: it would repeat another run
 */
export function chooseSeed(): number {
  const given = process.env[seedVariable]
  if (given === undefined) return Date.now() % seeds
  const seed = Number(given)
  if (/^\d+$/.test(given) && seed < seeds) return seed
  throw new ConfigurationError(seedVariable, 'must be a whole number from 0 to 4294967295')
}

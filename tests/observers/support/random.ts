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

/** The seed of a run: `MILLRACE_SEED`, so that one can be repeated, else from the clock. */
export function chooseSeed(): number {
  const given = process.env['MILLRACE_SEED']
  return given === undefined ? Date.now() % 2 ** 32 : Number(given)
}

/** The middle value; the mean of the two middle ones where their number is even. @throws for an empty list */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (lower === undefined || upper === undefined) throw new RangeError('no values have no median')
  return (lower + upper) / 2
}

/** Two bounds, both inclusive. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** Chance that the true median lies below or above the interval, one side. */
const tail = 0.025

/** How many of `n` values may be left out on each side: the most of which a fair coin gives fewer in `tail` of all cases. */
function leftOut(n: number): number {
  let [below, term, count] = [0, 0.5 ** n, 0]
  while (below + term <= tail) {
    below += term
    term *= (n - count) / (count + 1)
    count += 1
  }
  return Math.max(0, count - 1)
}

/**
 * The interval that holds the true median in at least 95 % of all runs, from the order of the values alone: rounds on a
 * shared machine are not normally distributed. Below six values it is all of them, and holds it less often.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const skipped = leftOut(sorted.length)
  const [low, high] = [sorted[skipped], sorted.at(-1 - skipped)]
  if (low === undefined || high === undefined) throw new RangeError('no values have no interval')
  return { low, high }
}

/** The fewest rounds whose interval may judge a goal near 1. */
export const roundsNearOne = 15

/** Whether a goal is so near to 1 that noise could decide it: within 15 %. */
export function isNearOne(goal: number): boolean {
  return goal >= 0.85 && goal <= 1.15
}

/** Which side of a goal is the good one. */
export type Bound = 'least' | 'most'

/**
 * Whether a goal holds for the ratios of the rounds: the median must reach it (or must not pass it), and for a goal near
 * 1 the worse bound of the median's interval. @throws when a goal near 1 was given too few rounds
 */
export function holds(ratios: readonly number[], goal: number, bound: Bound = 'least'): boolean {
  const isGood = (ratio: number): boolean => (bound === 'least' ? ratio >= goal : ratio <= goal)
  if (!isNearOne(goal)) return isGood(median(ratios))
  if (ratios.length < roundsNearOne)
    throw new RangeError(`a goal of ${goal} needs ${roundsNearOne} rounds, not ${ratios.length}`)
  const { low, high } = medianInterval(ratios)
  return isGood(bound === 'least' ? low : high)
}

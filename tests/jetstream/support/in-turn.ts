/** One after the other, again and again. @throws for an empty list */
export function inTurn<T>(all: readonly T[], turn: number): T {
  const one = all[turn % all.length]
  if (one === undefined) throw new RangeError('there is nothing to take turns')
  return one
}

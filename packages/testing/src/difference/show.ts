import { inspect } from 'node:util'

/** Members in one order in both texts, so that only what differs does; the type of an event names it and goes first. */
function byName(a: string, b: string): number {
  const rank = (entry: string): number => (entry.startsWith('type: ') ? 0 : 1)
  return rank(a) - rank(b) || (a < b ? -1 : Number(a > b))
}

/** A value as text, each member on a line of its own, nothing left out. */
export function show(value: unknown): string {
  return inspect(value, {
    depth: Infinity,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    compact: false,
    breakLength: Infinity,
    sorted: byName,
  })
}

const parts = { ms: 1, µs: 1000, ns: 1_000_000 } as const

/** Time for one piece of work. */
type Time = keyof typeof parts

/** Work in a second. */
type Rate =
  | 'events/s'
  | 'deliveries/s'
  | 'saves/s'
  | 'commands/s'
  | 'transitions/s'
  | 'rows/s'
  | 'ids/s'
  | 'jobs/s'

/** How a value is given. */
export type Unit = Rate | Time

/** Whether the smaller value is the better one. */
export function isTime(unit: Unit): unit is Time {
  return unit in parts
}

/** The value, in its unit, of so much work in so many milliseconds. */
export function valueIn(
  unit: Unit,
  { operations, ms }: { readonly operations: number; readonly ms: number },
): number {
  return isTime(unit) ? (ms / operations) * parts[unit] : (operations / ms) * 1000
}

/** A value as people read it: rates as whole numbers, times with enough digits. */
export function textOf(value: number, unit: Unit): string {
  if (!isTime(unit)) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(value < 1 ? 3 : 1)
}

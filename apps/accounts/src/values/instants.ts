/** The later of two instants as texts; null is before all. */
export function laterOf(at: string, last: string | null): string {
  return last !== null && last > at ? last : at
}

/** The day of an instant, in UTC. */
export function dayOf(instant: string): string {
  return instant.slice(0, 10)
}

/** The month of a day or an instant. */
export function monthOf(day: string): string {
  return day.slice(0, 7)
}

/** The last millisecond of a day, in UTC: what was so by then was so on that day. */
export function endOfDay(day: string): Date {
  return new Date(`${day}T23:59:59.999Z`)
}

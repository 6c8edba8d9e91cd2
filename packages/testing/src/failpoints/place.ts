import type { Failpoint, FailpointName } from '@millrace/contracts'

/** A named place of Millrace's code, or one of a user's own as `defineFailpoint` gives it. */
export type Place = FailpointName | Failpoint

/** The name by which a place is reached. */
export function nameOf(place: Place): string {
  return typeof place === 'string' ? place : place.name
}

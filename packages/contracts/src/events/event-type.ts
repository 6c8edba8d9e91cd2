const pattern = /^[A-Za-z0-9_][\w.:/-]{0,254}$/
// An application has few types and asks for each of them with every event.
const accepted = new Set<string>()
const maxAccepted = 1000

/** True for a type name an event may carry: 1 to 255 characters of `A-Z a-z 0-9 _ . : / -`. */
export function isEventType(text: unknown): boolean {
  if (typeof text !== 'string') return false
  if (accepted.has(text)) return true
  if (!pattern.test(text)) return false
  if (accepted.size < maxAccepted) accepted.add(text)
  return true
}

/** The type of the event that closes a tombstoned stream; `$` keeps it out of the users' reach. */
export const tombstoneType = '$tombstone'

/** The largest schema version: what a 32-bit integer column holds. */
export const maxSchemaVersion = 2_147_483_647

/** True for a whole number from 1 to {@link maxSchemaVersion}. */
export function isSchemaVersion(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxSchemaVersion
}

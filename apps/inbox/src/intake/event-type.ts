import { createHash } from 'node:crypto'

const maxActionCharacters = 60

/** Everything but letters, digits, `_` and `-` becomes `:` and two hexadecimal digits a byte. */
function escape(part: string): string {
  return part.replace(/[^\w-]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `:${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}

/** A type may not begin with `:` or `-`; `::` is in no escaped text, so this front meets no other kind. */
function escapeKind(kind: string): string {
  const escaped = escape(kind)
  return /^\w/.test(escaped) ? escaped : `_::${escaped}`
}

/** An action of the sender's own making may be long; `::` is in no escaped text, so a digest meets no other action. */
function escapeAction(action: string): string {
  const escaped = escape(action)
  if (escaped.length <= maxActionCharacters) return escaped
  return `::${createHash('sha256').update(action).digest('hex').slice(0, 40)}`
}

/**
 * The event type of a GitHub delivery: `<kind>` or `<kind>.<action>`, for example `issues.labeled`. Two different
 * pairs of kind and action have two different types, whatever characters they hold.
 */
export function eventTypeOf(kind: string, action: string | undefined): string {
  const family = escapeKind(kind)
  return action === undefined ? family : `${family}.${escapeAction(action)}`
}

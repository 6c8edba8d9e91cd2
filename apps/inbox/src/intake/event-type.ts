import { createHash } from 'node:crypto'

import { escapeCharacter } from './escape.ts'

// Together with a front and a dot they are within the 255 characters of a type.
const maxKindCharacters = 190
const maxActionCharacters = 60

/** Of escaped text: of the text itself, hashing would make all halves of surrogate pairs one. */
function digestOf(escaped: string): string {
  return createHash('sha256').update(escaped).digest('hex').slice(0, 40)
}

/** Everything but letters, digits, `_` and `-` becomes `:` and two hexadecimal digits a byte. */
function escape(part: string): string {
  return part.replace(/[^\w-]/gu, (character) => escapeCharacter(character, ':'))
}

/**
 * A type may not begin with `:` or `-`; `::` is in no escaped text, so this front meets no other kind. Behind it a kind
 * that is too long is a digest, which begins with neither.
 */
function escapeKind(kind: string): string {
  const escaped = escape(kind)
  if (escaped.length > maxKindCharacters) return `_::${digestOf(escaped)}`
  return /^\w/.test(escaped) ? escaped : `_::${escaped}`
}

/** An action of the sender's own making may be long; `::` is in no escaped text, so a digest meets no other action. */
function escapeAction(action: string): string {
  const escaped = escape(action)
  if (escaped.length <= maxActionCharacters) return escaped
  return `::${digestOf(escaped)}`
}

/**
 * The event type of a GitHub delivery: `<kind>` or `<kind>.<action>`, for example `issues.labeled`. Two different
 * pairs of kind and action have two different types, whatever characters they hold.
 */
export function eventTypeOf(kind: string, action: string | undefined): string {
  const family = escapeKind(kind)
  return action === undefined ? family : `${family}.${escapeAction(action)}`
}

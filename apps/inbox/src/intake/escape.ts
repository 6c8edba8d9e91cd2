/**
 * The bytes of one character. Half a surrogate pair has the three that UTF-8 would give it if it might: as U+FFFD all
 * halves would be one character.
 */
function bytesOf(character: string): Uint8Array {
  if (character.isWellFormed()) return Buffer.from(character)
  const unit = character.charCodeAt(0)
  return Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
}

/** The mark and two hexadecimal digits for each byte of a character; two characters never become one text. */
export function escapeCharacter(character: string, mark: string): string {
  return [...bytesOf(character)]
    .map((byte) => `${mark}${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/**
 * Text from outside, safe for a terminal and on one line: control characters (they could move the cursor, recolour or
 * rename the terminal) and those that turn the writing direction are shown as `\u{…}`.
 */
export function neutralise(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same for JSON text, which stays the same value; its line breaks are its own. */
export function neutraliseJson(json: string): string {
  return json.replace(unsafe, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const graphemes = new Intl.Segmenter()

/** The characters of a text as a reader counts them. */
export function charactersOf(text: string): readonly string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
}

/** Code units; what is longer than a flag or a family has been piled up to fill the screen. */
const longestCharacter = 16

/** At most `width` characters, with an ellipsis where something is left out. */
export function shorten(text: string, width: number): string {
  const characters = charactersOf(text.slice(0, width * longestCharacter))
  if (text.length <= width * longestCharacter && characters.length <= width) return text
  return `${characters.slice(0, width - 1).join('')}…`
}

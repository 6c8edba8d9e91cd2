const maxErrorLength = 500

/** An error or reason as it is stored: 500 characters of what SQL text and JSON can hold. */
export function boundedText(text: string): string {
  return cleanText(text.slice(0, maxErrorLength))
}

/** The text without what SQL text cannot hold. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}')
}

const maxErrorLength = 500

/** An error as it is stored: 500 characters of what JSON in UTF-8 can hold. */
export function boundedText(text: string): string {
  return text.slice(0, maxErrorLength).toWellFormed()
}

const address = /^[^\s@<>(),;:"[\]\\]{1,64}@[^\s@<>(),;:"[\]\\]{1,255}$/

/** Addresses with commas between them, without names; undefined where one is none. */
export function parseAddresses(text: string): readonly string[] | undefined {
  const parts = text.split(',').map((part) => part.trim())
  return parts.length <= 50 && parts.every((part) => address.test(part)) ? parts : undefined
}

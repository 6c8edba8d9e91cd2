// What CloudEvents' HTTP binding leaves as it is (section 3.1.3.2), which the NATS binding follows.
const plain = /^[\x21\x23\x24\x26-\x7e]*$/
const toEncode = /[^\x21\x23\x24\x26-\x7e]+/gu

/** An attribute's value as a header holds it. */
export function headerValue(text: string): string {
  return plain.test(text) ? text : text.replace(toEncode, encodeBytes)
}

function encodeBytes(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text)) out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}

/** Undoes {@link headerValue}. Throws an URIError for text that it did not write. */
export function attributeValue(value: string): string {
  return value.includes('%') ? decodeURIComponent(value) : value
}

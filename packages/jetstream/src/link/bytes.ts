/** The same bytes as a Buffer; those of a socket are one already. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The bytes as text, from one of them on. */
export function utf8(bytes: Uint8Array, from = 0): string {
  return bufferOf(bytes).toString('utf8', from)
}

/** The first bytes as text of one character a byte. */
export function latin1(bytes: Uint8Array, end: number): string {
  return bufferOf(bytes).toString('latin1', 0, end)
}

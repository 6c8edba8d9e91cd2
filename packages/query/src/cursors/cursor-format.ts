import { createHash } from 'node:crypto'

/** The first byte of every cursor of this format. */
const cursorVersion = 1
/** Bytes of the HMAC-SHA256 at a cursor's end. */
const macBytes = 32
const expiryBytes = 6
/** Characters of the longest cursor; what is longer is nobody's. */
export const maxCursorLength = 1_048_576

/** What a cursor says beside its signature. */
export interface CursorContent {
  /** Which key signs it. */
  readonly keyId: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly place: string
}

/** A cursor taken apart; nothing of it is to be believed before `signed` was checked against `mac`. */
export interface ReadCursor extends CursorContent {
  readonly signed: Buffer
  readonly mac: Buffer
}

/** The part of a cursor that is signed. docs/reference/query-cursors.md has the layout. */
export function encodeCursor({ keyId, expiresAt, place }: CursorContent): Buffer {
  const id = Buffer.from(keyId)
  const expiry = Buffer.alloc(expiryBytes)
  expiry.writeUIntBE(expiresAt, 0, expiryBytes)
  return Buffer.concat([Buffer.from([cursorVersion, id.length]), id, expiry, Buffer.from(place)])
}

/** Takes a cursor's text apart; undefined for text that no cursor of ours is. */
export function decodeCursor(text: string): ReadCursor | undefined {
  if (typeof text !== 'string' || text.length > maxCursorLength) return undefined
  const bytes = Buffer.from(text, 'base64url')
  // Node skips what is not base64url, and the last character may hold bits that mean nothing: only one text is right.
  if (bytes.toString('base64url') !== text) return undefined
  const [version, idLength = 0] = bytes
  const placeFrom = 2 + idLength + expiryBytes
  if (version !== cursorVersion || idLength === 0 || bytes.length < placeFrom + macBytes) return undefined
  const signed = bytes.subarray(0, -macBytes)
  return {
    keyId: signed.toString('utf8', 2, 2 + idLength),
    expiresAt: signed.readUIntBE(2 + idLength, expiryBytes),
    place: signed.toString('utf8', placeFrom),
    signed,
    mac: bytes.subarray(-macBytes),
  }
}

/** What is signed: the format, the scope's digest, and the cursor's own bytes. */
export function signedBytes(scope: string, signed: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('millrace-cursor-1\n'),
    createHash('sha256').update(scope).digest(),
    signed,
  ])
}

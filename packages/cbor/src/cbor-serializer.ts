import { InvalidValueError } from '@millrace/contracts'
import type { Serializer } from '@millrace/contracts'
import { decode, encode } from 'cborg'
import type { DecodeOptions, EncodeOptions, TagDecodeControl } from 'cborg'
import { bigIntDecoder, bigNegIntDecoder, negativeZeroEncoder, structBigIntEncoder } from 'cborg/taglib'

import { ExactText } from './exact-text.ts'
import { timeTag, toCborValue } from './to-cbor-value.ts'

function readTime(content: TagDecodeControl): Date {
  const seconds = content()
  if (typeof seconds !== 'number') throw new TypeError('a time that is no number of seconds')
  const date = new Date(Math.round(seconds * 1000))
  if (Number.isNaN(date.getTime())) throw new TypeError('a time that no Date holds')
  return date
}

/** A bignum of anything but bytes would be read as another number. */
function ofBytes(read: (content: TagDecodeControl) => unknown): (content: TagDecodeControl) => unknown {
  return (content) => {
    const bytes = content()
    if (!(bytes instanceof Uint8Array)) throw new TypeError('a bignum that is not of bytes')
    return read(Object.assign(() => bytes, { entries: () => [] }))
  }
}

const writing: EncodeOptions = {
  // Members stay in their order: it is the user's, as in JSON.
  mapSorter: () => 0,
  typeEncoders: { number: negativeZeroEncoder, bigint: structBigIntEncoder },
}

const reading: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  // A bigint is always a bignum here; a whole number past 2^53 that is none was not written by us.
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
  tags: { [timeTag]: readTime, 2: ofBytes(bigIntDecoder), 3: ofBytes(bigNegIntDecoder) },
}

/**
 * CBOR (RFC 8949). A bigint of any size is a bignum (tags 2 and 3), a Date its seconds since 1970 (tag 1), bytes are bytes
 * (every Uint8Array, a Buffer too, comes back as Uint8Array); -0, the order of members and keys of any name are kept. Members
 * that are `undefined` are left out. Refused with an `InvalidValueError` that names the path: what the JSON serializer refuses,
 * and what CBOR would not give back: text with a lone surrogate and a Date more than 71,000 years from 1970.
 */
export const cborSerializer: Serializer = {
  contentType: 'application/cbor',
  serialize: (data) => {
    if (data === undefined) throw new InvalidValueError('data', 'a value other than undefined')
    return encode(toCborValue(data, 'data'), writing)
  },
  deserialize: (payload) => {
    if (typeof payload === 'string') throw new TypeError('CBOR is bytes, not text')
    // Not a Buffer, whose parts share its memory: what was read must not change with the payload.
    const bytes = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    return decode(bytes, { ...reading, tokenizer: new ExactText(bytes, reading) }) as unknown
  },
}

import { InvalidStreamNameError } from '../errors/value-errors.ts'

declare const brand: unique symbol

/** `category-key`: the family a stream belongs to and its key, for example `cart-42`. */
export type StreamId = string & { readonly [brand]: 'StreamId' }

/** The key part of a {@link StreamId}. */
export type AggregateId = string & { readonly [brand]: 'AggregateId' }

const maxKeyBytes = 255
const categoryPattern = /^[a-z][a-z0-9_]{0,62}$/
const categoryRule = 'a lower-case category ([a-z][a-z0-9_]*, at most 63 bytes)'
const keyRule = `a key of 1 to ${maxKeyBytes} bytes, NFC, without lone surrogates or U+0000, not only white space`

/** True for a category that may stand before the first dash of a stream id. */
export function isCategory(text: string): boolean {
  return typeof text === 'string' && categoryPattern.test(text)
}

/**
 * True for a key that may stand after the first dash of a stream id: 1 to 255 bytes of UTF-8 in NFC, not only white
 * space. Any characters (`a.b`, `*`, `>`, `0`, emoji) but lone surrogates and U+0000, which SQL text cannot hold.
 */
export function isStreamKey(text: string): boolean {
  if (typeof text !== 'string' || text.length === 0 || text.length > maxKeyBytes) return false
  if (/^[\w.:@/-]+$/.test(text)) return true
  return (
    text.isWellFormed() &&
    text.trim() !== '' &&
    !text.includes('\0') &&
    Buffer.byteLength(text) <= maxKeyBytes &&
    text.normalize('NFC') === text
  )
}

/** True for `category-key`; see {@link parseStreamId}. */
export function isStreamId(text: string): text is StreamId {
  if (typeof text !== 'string') return false
  const dash = text.indexOf('-')
  return dash > 0 && isCategory(text.slice(0, dash)) && isStreamKey(text.slice(dash + 1))
}

/**
 * Accepts `category-key`; the category ends at the first dash. Text that is not NFC is refused, not normalised.
 * @throws {@link InvalidStreamNameError}
 */
export function parseStreamId(text: string, field = 'stream id'): StreamId {
  if (!isStreamId(text)) throw new InvalidStreamNameError(field, `${categoryRule}, a dash, and ${keyRule}`)
  return text
}

/** Joins a category and a key. @throws {@link InvalidStreamNameError} naming the part that breaks its rule. */
export function createStreamId(category: string, key: string): StreamId {
  if (!isCategory(category)) throw new InvalidStreamNameError('category', categoryRule)
  if (!isStreamKey(key)) throw new InvalidStreamNameError('key', keyRule)
  return `${category}-${key}` as StreamId
}

/** The part before the first dash. */
export function categoryOf(id: StreamId): string {
  return id.slice(0, id.indexOf('-'))
}

/** The part after the first dash. */
export function keyOf(id: StreamId): AggregateId {
  return id.slice(id.indexOf('-') + 1) as AggregateId
}

/** @throws {@link InvalidStreamNameError} unless `text` may be the key of a stream. */
export function parseAggregateId(text: string): AggregateId {
  if (!isStreamKey(text)) throw new InvalidStreamNameError('aggregate id', keyRule)
  return text as AggregateId
}

import { escapeSubjectToken } from './escape.ts'
import { categoryOf, keyOf } from './stream-id.ts'
import type { StreamId } from './stream-id.ts'

/** The number of virtual buckets, the unit of partitioning on every log. Part of the wire format: never changes. */
export const bucketCount = 64

/** 32-bit FNV-1a of an ASCII text (http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a32(ascii: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < ascii.length; i++) hash = Math.imul(hash ^ ascii.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The bucket of a category and key: FNV-1a over the escaped category directly followed by the escaped key. */
export function bucketOf(category: string, key: string): number {
  return fnv1a32(escapeSubjectToken(category) + escapeSubjectToken(key)) % bucketCount
}

/** The bucket of a stream, from 0 to 63. */
export function bucketOfStream(id: StreamId): number {
  return bucketOf(categoryOf(id), keyOf(id))
}

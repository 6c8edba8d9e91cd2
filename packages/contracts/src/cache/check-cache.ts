import { InvalidValueError } from '../errors/value-errors.ts'
import { checkSubject } from '../privacy/check-subject.ts'
import { checkText } from '../processing/check-values.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { CacheOptions } from './cache.ts'

/** Milliseconds the longest-lived value is kept. */
export const maxCacheTtlMs = 86_400_000

const [maxKeyBytes, maxTags, maxTagBytes] = [1_000, 16, 200]

function checkBytes(field: string, text: string, max: number): void {
  if (typeof text !== 'string') throw new InvalidValueError(field, 'text')
  checkText(field, text)
  if (text.length * 3 > max && Buffer.byteLength(text) > max)
    throw new InvalidValueError(field, `at most ${max} bytes`)
}

/** @throws {@link InvalidValueError} */
export function checkCacheKey(key: string): void {
  checkBytes('key', key, maxKeyBytes)
}

/** @throws {@link InvalidValueError} */
export function checkCacheTags(field: string, tags: readonly string[]): void {
  if (tags.length > maxTags) throw new InvalidValueError(field, `a list of at most ${maxTags} tags`)
  for (const [i, tag] of tags.entries()) checkBytes(`${field}[${i}]`, tag, maxTagBytes)
}

/** @throws {@link InvalidValueError} */
export function checkCacheOptions({ ttlMs, negativeTtlMs, tags, subjects }: CacheOptions): void {
  const range = { min: 1, max: maxCacheTtlMs }
  if (ttlMs !== undefined) checkWhole('options.ttlMs', ttlMs, range)
  if (negativeTtlMs !== undefined) checkWhole('options.negativeTtlMs', negativeTtlMs, range)
  if (tags !== undefined) checkCacheTags('options.tags', tags)
  if (subjects === undefined) return
  if (subjects.length > maxTags)
    throw new InvalidValueError('options.subjects', `a list of at most ${maxTags}`)
  for (const [i, subject] of subjects.entries()) checkSubject(subject, `options.subjects[${i}]`)
}

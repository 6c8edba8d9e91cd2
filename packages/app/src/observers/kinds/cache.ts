import type { Cache, JsonValue } from '@millrace/contracts'
import { cacheKind } from '@millrace/observers'
import type { AnyActionKind } from '@millrace/observers'

import { throughPort } from './port-failure.ts'
import { withCheck } from './with-check.ts'

/** Action `cache`: sets a value, with a tag where there is one, or forgets a key or what has a tag. */
export function appCacheKind(cache: Cache): AnyActionKind {
  const kind = cacheKind(async ({ key, tag, value, subject }) => {
    await throughPort(async () => {
      if (key !== undefined && value !== undefined)
        await cache.set(key, value as JsonValue, {
          ...(tag === undefined ? {} : { tags: [tag] }),
          ...(subject === undefined || subject === '' ? {} : { subjects: [subject] }),
        })
      else if (key !== undefined) await cache.invalidate(key)
      else if (tag !== undefined) await cache.invalidateTags([tag])
    })
  })
  return withCheck(kind, (settings) => {
    const [key, tag, value] = ['key', 'tag', 'value'].map((name) => settings.value(name))
    if (key === undefined && tag === undefined) settings.problem('key', 'is missing, and there is no tag')
    if (key === undefined && value !== undefined) settings.problem('value', 'needs a key')
    if (key !== undefined && value === undefined && tag !== undefined)
      settings.problem('tag', 'is of a value, or alone: there is a key without a value')
  })
}

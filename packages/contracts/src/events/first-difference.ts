import { isDeepStrictEqual } from 'node:util'

import { isPlain } from '../codec/tagged-json.ts'

/** The path of the first difference between two values; members that are `undefined` count as absent. */
export function firstDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (!isBranch(a) || !isBranch(b) || Array.isArray(a) !== Array.isArray(b))
    return isDeepStrictEqual(a, b) ? undefined : path
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference(a[key], b[key], `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || isPlain(value)
}

import { isDeepStrictEqual } from 'node:util'

import type { CopiedEvent, StoredEvent } from '@millrace/contracts'

/** The fields a copied event must have in common with what it was made from. */
const fields = [
  'id',
  'type',
  'schemaVersion',
  'contentType',
  'occurredAt',
  'metadata',
  'tags',
  'encryption',
] as const

function samePayload(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return Buffer.compare(a, b) === 0
}

/** What differs between an event as it should be and as it is, in words; undefined where nothing does. */
export function differenceOf(
  expected: CopiedEvent | undefined,
  actual: StoredEvent | undefined,
): string | undefined {
  if (expected === undefined || actual === undefined)
    return expected === actual ? undefined : expected === undefined ? 'is one too many' : 'is missing'
  const different = fields.filter((field) => !isDeepStrictEqual(expected[field], actual[field]))
  const all = samePayload(expected.payload, actual.payload) ? different : [...different, 'data']
  return all.length === 0 ? undefined : `differs in ${all.join(', ')}`
}

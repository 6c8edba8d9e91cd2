import { InvalidValueError } from '../errors/value-errors.ts'
import { parseCommitId } from '../ids/ulid.ts'
import { checkText } from '../processing/check-values.ts'
import { checkWhole } from '../values/check-whole.ts'
import type { ClaimOptions, DedupEntry, DoneOptions } from './dedup.ts'

/** Milliseconds an id is remembered where nothing else is asked for. */
export const defaultDedupTtlMs = 86_400_000

const [maxIds, maxSourceBytes, maxIdBytes, maxOwner] = [1_000, 63, 255, 200]
const [maxLeaseMs, maxTtlMs] = [3_600_000, 31 * 86_400_000]

/** Printable characters of ASCII, of which each is one byte. */
const plainId = /^[ -~]{1,255}$/

function checkBytes(field: string, text: string, max: number): void {
  if (typeof text !== 'string') throw new InvalidValueError(field, 'text')
  checkText(field, text)
  if (Buffer.byteLength(text) > max) throw new InvalidValueError(field, `at most ${max} bytes`)
}

function checkIds(source: string, field: string, ids: readonly string[]): void {
  checkBytes('source', source, maxSourceBytes)
  if (ids.length === 0 || ids.length > maxIds)
    throw new InvalidValueError(field, `a list of 1 to ${maxIds} ids`)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] ?? ''
    // Nearly all ids are of this kind, and this is asked for each of a hundred in a call.
    if (!plainId.test(id)) checkBytes(`${field}[${i}]`, id, maxIdBytes)
  }
}

function checkOwner(field: string, owner: string): void {
  checkText(field, owner)
  if (owner.length > maxOwner) throw new InvalidValueError(field, `at most ${maxOwner} characters`)
}

/** What every adapter checks before it claims. @throws {@link InvalidValueError} */
export function checkClaim(
  source: string,
  ids: readonly string[],
  { owner, leaseMs, ttlMs = defaultDedupTtlMs }: ClaimOptions,
): void {
  checkIds(source, 'ids', ids)
  checkOwner('options.owner', owner)
  checkWhole('options.ttlMs', ttlMs, { min: 1, max: maxTtlMs })
  checkWhole('options.leaseMs', leaseMs, { min: 1, max: Math.min(maxLeaseMs, ttlMs) })
}

/** What every adapter checks before it marks ids as done. @throws {@link InvalidValueError} */
export function checkDone(
  source: string,
  entries: readonly DedupEntry[],
  { ttlMs = defaultDedupTtlMs }: DoneOptions = {},
): void {
  checkIds(
    source,
    'entries',
    entries.map(({ id }) => id),
  )
  for (const [i, { commitId }] of entries.entries()) parseCommitId(commitId, `entries[${i}].commitId`)
  checkWhole('options.ttlMs', ttlMs, { min: 1, max: maxTtlMs })
}

/** What every adapter checks before it frees claims. @throws {@link InvalidValueError} */
export function checkReleaseClaims(source: string, ids: readonly string[], owner: string): void {
  checkIds(source, 'ids', ids)
  checkOwner('owner', owner)
}

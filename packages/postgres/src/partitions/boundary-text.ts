import type { ArchivedRow } from './partition-rows.ts'

/** What of the place where a log begins is signed. */
export function boundaryText(
  generation: string,
  row: Omit<ArchivedRow, 'key_id' | 'signature' | 'dropped_at'>,
): string {
  const { name, from_seq: from, to_seq: to, events, archive, archive_hash: hash } = row
  const { occurred_until: until, chain_digest: chain, detached_at: at, detached_by: by } = row
  return JSON.stringify([
    'millrace-archived-1',
    generation,
    name,
    from,
    to,
    events,
    until,
    archive,
    hash,
    chain,
    at,
    by,
  ])
}

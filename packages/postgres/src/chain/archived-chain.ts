import type { AnchorSigner } from '@millrace/contracts'

import { boundaryText } from '../partitions/boundary-text.ts'
import { readArchived } from '../partitions/partition-rows.ts'
import type { ArchivedRow } from '../partitions/partition-rows.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Where a log is said to begin, as far as that is believed. */
export interface Boundary {
  /** Events of commits before this number are archived; 0: all are in the log. */
  readonly before: number
  readonly checked: number
  readonly unknownKey: number
  /** Of the chains up to there, see `ChainDigest`; null: there was no chain then. */
  readonly digest: string | null
  readonly faults: readonly string[]
}

/** Whether we signed a row: undefined where its key is not here. */
function isSigned(row: ArchivedRow, generation: string, signer: AnchorSigner): boolean | undefined {
  if (row.key_id === null || row.signature === null) return false
  return signer.verify(row.key_id, boundaryText(generation, row), row.signature)
}

function faultOf(row: ArchivedRow, begins: number, signed: boolean | undefined): string | undefined {
  if (row.from_seq !== begins)
    return `${row.name} begins at commit ${row.from_seq}, and what is archived before it ends at ${begins}`
  return signed === false ? `that ${row.name} was archived was not signed by us, or was changed` : undefined
}

/**
 * Follows what was archived from the log's first commit on, as far as each part was signed by us. Where there is nobody who
 * could check, it is believed and counted.
 */
export async function readBoundary(
  database: SqlDatabase,
  schema: SchemaName,
  { generation, signer }: { readonly generation: string; readonly signer: AnchorSigner | undefined },
): Promise<Boundary> {
  const faults: string[] = []
  let [before, checked, unknownKey] = [0, 0, 0]
  let digest: string | null = null
  for (const row of await readArchived(database, schema)) {
    const signed = signer === undefined ? undefined : isSigned(row, generation, signer)
    if (signed === undefined) unknownKey += 1
    else checked += 1
    const fault = faultOf(row, before, signed)
    if (fault !== undefined) faults.push(fault)
    // What lies behind a part that is not believed is not either.
    if (faults.length === 0) [before, digest] = [row.to_seq, row.chain_digest]
  }
  return { before, checked, unknownKey, digest, faults }
}

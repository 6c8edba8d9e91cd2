import { createHash } from 'node:crypto'

import { InvalidCursorError } from '@millrace/contracts'

/** The fields of a query that its cursors belong to: everything but cursor and limit. */
export type CursorScope = Readonly<Record<string, unknown>>

const version = 1
const maxLength = 4096

/** Equal for queries that mean the same, whatever the order of their fields. */
function digestOf(scope: CursorScope): string {
  const fields = Object.entries(scope)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url').slice(0, 16)
}

/** Text that {@link parseCursor} reads back for the same query only. */
export function formatCursor(scope: CursorScope, place: string): string {
  return Buffer.from(JSON.stringify([version, digestOf(scope), place])).toString('base64url')
}

function decode(cursor: string): unknown {
  if (cursor.length > maxLength || !/^[\w-]+$/.test(cursor)) return undefined
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** The place a cursor stands for. @throws {@link InvalidCursorError} for another query's cursor, or none of ours */
export function parseCursor(scope: CursorScope, cursor: string): string {
  const content = decode(cursor)
  if (!Array.isArray(content) || content.length !== 3)
    throw new InvalidCursorError('cursor: must be the `next` of an earlier page')
  const [writtenBy, digest, place] = content as unknown[]
  if (writtenBy !== version || typeof place !== 'string')
    throw new InvalidCursorError('cursor: must be the `next` of an earlier page')
  if (digest !== digestOf(scope))
    throw new InvalidCursorError('cursor: belongs to another query; repeat the filters of the first page')
  return place
}

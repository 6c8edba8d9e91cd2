import type { CursorKeys } from '@millrace/query'

/** The fields of a query that its cursors belong to: everything but cursor and limit. */
export type CursorScope = Readonly<Record<string, unknown>>

/** Equal for queries that mean the same, whatever the order of their fields. */
function textOf(scope: CursorScope): string {
  const fields = Object.entries(scope)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(['management', fields])
}

/** Text that {@link parseCursor} reads back for the same query only. */
export function formatCursor(keys: CursorKeys, scope: CursorScope, place: string): string {
  return keys.seal(textOf(scope), place)
}

/** The place a cursor stands for. @throws {@link InvalidCursorError} for another query's cursor, or none of ours */
export function parseCursor(keys: CursorKeys, scope: CursorScope, cursor: string): string {
  return keys.open(textOf(scope), cursor)
}

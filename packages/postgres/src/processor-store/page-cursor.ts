import { checkWhole, InvalidCursorError } from '@millrace/contracts'
import type { Page } from '@millrace/contracts'

const defaultLimit = 100
const maxLimit = 1000

/** Where a page begins and how much it holds. */
export interface PageRequest {
  /** The number of the last item of the page before. */
  readonly after: number | undefined
  readonly limit: number
}

/** @throws {@link InvalidCursorError} {@link InvalidValueError} */
export function pageRequest(options: { readonly cursor?: string; readonly limit?: number }): PageRequest {
  const { cursor, limit = defaultLimit } = options
  checkWhole('options.limit', limit, { min: 1, max: maxLimit })
  return { after: cursor === undefined ? undefined : parseCursor(cursor), limit }
}

function parseCursor(cursor: string): number {
  const [, digits] = /^s(\d{1,15})$/.exec(cursor) ?? []
  if (digits === undefined)
    throw new InvalidCursorError('options.cursor: must be a cursor from an earlier page')
  return Number(digits)
}

/** How a page's rows are read. */
export interface PageRead<Row, Item> {
  readonly item: (row: Row) => Item
  readonly seq: (row: Row) => number
}

/**
 * A page of the rows found when one more than the limit was asked for. `found` is their number where the statement
 * itself returned fewer.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  { limit, found = rows.length }: { readonly limit: number; readonly found?: number | undefined },
  read: PageRead<Row, Item>,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = found > shown.length && last !== undefined
  return { items: shown.map(read.item), next: more ? `s${read.seq(last)}` : undefined }
}

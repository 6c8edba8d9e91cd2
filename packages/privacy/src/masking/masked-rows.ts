import { InvalidValueError } from '@millrace/contracts'
import type { PlacedRow, Row, RowFields, RowSelection, RowSource } from '@millrace/contracts'

/** Settings of {@link maskedRows}. */
export interface MaskedRowsOptions {
  /** Fields that are not shown. */
  readonly fields: readonly string[]
  /** Stands in the place of text; other types are null. @defaultValue `'***'` */
  readonly instead?: string
}

type Asked = Pick<RowSelection, 'where'> & Partial<Pick<RowSelection, 'order'>>

/**
 * The rows of a read model, for somebody who may not see all of their fields. What is not shown can be neither asked for
 * nor ordered by: counts would tell it, and cursors hold the values of their order.
 */
export function maskedRows(source: RowSource, { fields, instead = '***' }: MaskedRowsOptions): RowSource {
  const masked = new Set(fields)
  const check = ({ where, order = [] }: Asked): void => {
    const asked = where.find(({ field }) => masked.has(field))
    if (asked !== undefined) throw new InvalidValueError(`filter.${asked.field}`, 'a field that is shown')
    const ordered = order.findIndex(({ field }) => masked.has(field))
    if (ordered >= 0) throw new InvalidValueError(`order.${ordered}.field`, 'a field that is shown')
  }
  const shown = (row: Row, known: RowFields): Row =>
    Object.fromEntries(
      Object.entries(row).map(([field, value]) =>
        masked.has(field) && value !== null
          ? [field, known[field]?.type === 'text' ? instead : null]
          : [field, value],
      ),
    )
  return {
    select: async (selection) => {
      check(selection)
      const rows = await source.select(selection)
      return rows.map(({ row, place }): PlacedRow => ({ row: shown(row, selection.fields), place }))
    },
    count: async (selection) => {
      check(selection)
      return await source.count(selection)
    },
  }
}

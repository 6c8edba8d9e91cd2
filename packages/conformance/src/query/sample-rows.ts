import type { FieldValue, Row, RowCondition, RowFields, RowOrder, RowSource } from '@millrace/contracts'

/** A field of each type, all but the key nullable. */
export const sampleFields: RowFields = {
  id: { type: 'integer', nullable: false },
  name: { type: 'text', nullable: true },
  orders: { type: 'integer', nullable: true },
  score: { type: 'number', nullable: true },
  balance: { type: 'decimal', nullable: true },
  active: { type: 'boolean', nullable: true },
  openedAt: { type: 'instant', nullable: true },
}

const nothing: Row = { name: null, orders: null, score: null, balance: null, active: null, openedAt: null }

/** A row whose other fields are null. */
export function sampleRow(id: number, values: Readonly<Record<string, FieldValue | null>> = {}): Row {
  return { ...nothing, id, ...values }
}

/** The ids of the rows that meet the conditions, by id. */
export async function idsWhere(
  source: RowSource,
  ...where: readonly RowCondition[]
): Promise<readonly unknown[]> {
  return await idsOf(source, [{ field: 'id', direction: 'ascending' }], where)
}

/** The ids in an order, whose last term is the id. */
export async function idsOf(
  source: RowSource,
  order: readonly RowOrder[],
  where: readonly RowCondition[] = [],
): Promise<readonly unknown[]> {
  const found = await source.select({ fields: sampleFields, where, order, limit: 1000 })
  return found.map(({ row }) => row['id'])
}

/** A comparison as a condition. */
export function is(
  field: string,
  comparison: Extract<RowCondition, { kind: 'compare' }>['comparison'],
  value: FieldValue | null,
): RowCondition {
  return { kind: 'compare', field, comparison, value }
}

/** An order by one field, then by the id. */
export function by(field: string, direction: RowOrder['direction'] = 'ascending'): readonly RowOrder[] {
  return [
    { field, direction },
    { field: 'id', direction },
  ]
}

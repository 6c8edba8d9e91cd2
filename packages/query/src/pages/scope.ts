import type { RowCondition, RowOrder } from '@millrace/contracts'

import type { QueryDefinition } from '../definition/define-query.ts'

/** What of a request its cursors belong to: everything but limit and cursor. */
export interface ScopeParts {
  readonly where: readonly RowCondition[]
  readonly order: readonly RowOrder[]
  readonly tenant: string | undefined
  readonly direction: 'forwards' | 'backwards'
}

/** Equal for requests that mean the same, whatever the order of their members. */
export function scopeOf({ name, fields }: QueryDefinition, parts: ScopeParts): string {
  const { where, order, tenant, direction } = parts
  const types = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(['query', name, types, tenant ?? null, direction, where, order])
}

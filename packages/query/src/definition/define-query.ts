import { ConfigurationError } from '@millrace/contracts'
import type { RowFields } from '@millrace/contracts'

import { rowFields } from './fields.ts'
import type { FieldDefinitions } from './fields.ts'
import type { Filter } from './filter.ts'
import type { OrderTerm } from './order.ts'
import { parseRequest } from './parse-request.ts'

/** What {@link defineQuery} takes. */
export interface QueryOptions<F extends FieldDefinitions> {
  /** `[a-z][a-z0-9-]*`, at most 63 characters. Cursors belong to it. */
  readonly name: string
  /** What may be read, filtered and ordered by; nothing else of a row leaves a query. */
  readonly fields: F
  /** Fields that are unique together and never null; they end every order. */
  readonly key: readonly (keyof F & string)[]
  /** A text field. Where it is set every request names its tenant and sees that tenant's rows only. @defaultValue none */
  readonly tenant?: keyof F & string
}

/** Which rows are asked for. */
export interface Selection<F extends FieldDefinitions> {
  /** @defaultValue all rows */
  readonly filter?: Filter<F>
  /** Whose rows; where the query has a tenant field it is required. Cursors belong to it either way. @defaultValue none */
  readonly tenant?: string
}

/** One page. */
export interface PageRequest<F extends FieldDefinitions> extends Selection<F> {
  /** @defaultValue by the key, ascending */
  readonly order?: readonly OrderTerm<F>[]
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
  /** `next` of an earlier page forwards, `previous` of one backwards. Not together with `offset`. @defaultValue the first page, or backwards the last */
  readonly cursor?: string
  /** @defaultValue `'forwards'` */
  readonly direction?: 'forwards' | 'backwards'
  /** Rows to leave out at the beginning, at most 1,000,000. Forwards only; a cursor is as quick on every page. @defaultValue 0 */
  readonly offset?: number
}

/** A query: its fields, checked. */
export interface QueryDefinition<F extends FieldDefinitions = FieldDefinitions> {
  readonly name: string
  readonly fields: RowFields
  readonly key: readonly string[]
  readonly tenant: string | undefined
  /**
   * A request from outside, as JSON gives it: instants are ISO 8601 texts. Unknown members are refused.
   * @throws {@link InvalidValueError} naming the member
   */
  readonly parse: (request: unknown) => PageRequest<F>
}

function checkKey(fields: RowFields, key: readonly string[]): void {
  if (key.length === 0) throw new ConfigurationError('key', 'must name at least one field')
  for (const field of key)
    if (fields[field]?.nullable !== false)
      throw new ConfigurationError(
        'key',
        `must name fields that are never null; ${JSON.stringify(field)} is none`,
      )
}

/**
 * Defines what may be asked of a read model. Where its rows lie is said when it is opened.
 * @throws {@link ConfigurationError} naming the setting
 */
export function defineQuery<const F extends FieldDefinitions>(options: QueryOptions<F>): QueryDefinition<F> {
  const { name, key, tenant } = options
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    throw new ConfigurationError('name', 'must match [a-z][a-z0-9-]*, at most 63 characters')
  const fields = rowFields(options.fields)
  checkKey(fields, key)
  const tenantField = tenant === undefined ? undefined : fields[tenant]
  if (tenant !== undefined && (tenantField?.type !== 'text' || tenantField.nullable))
    throw new ConfigurationError('tenant', 'must be a text field that is never null')
  return Object.freeze({
    name,
    fields,
    key: [...key],
    tenant,
    parse: (request: unknown) => parseRequest(fields, request) as PageRequest<F>,
  })
}

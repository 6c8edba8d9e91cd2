/** Which log a flow begins with. */
export type FlowSource = 'changes' | 'events'

/** What both sides of a flow are told to do. */
export interface ListenerOrder {
  readonly url: string
  readonly schema: string
  readonly source: FlowSource
  /** Where webhooks go; undefined: the action does nothing. */
  readonly host: string | undefined
  /** Rules that watch the same and match nothing, beside the one that acts. */
  readonly idleRules: number
}

/** The table a schema's changes come from. */
export function tableOf(schema: string): string {
  return `shop_${schema}.orders`
}

export const eventType = 'order-placed'
export const processor = 'flow'
export const action = 'act'
export const batch = 500
/** Calls at once to one destination: the default of our observers. */
export const concurrency = 16

/** The header with the intended commit time, so that the time is taken before a body is read. */
export const dueHeader = 'x-due-at'

/** Of a row, and of an event's data. */
export interface PlacedOrder {
  /** The intended commit, in milliseconds of the shared clock. */
  readonly due_at: number
  readonly total: number
  readonly status: string
}

export function createTable(schema: string): string {
  const [name = ''] = tableOf(schema).split('.')
  return `drop schema if exists ${name} cascade; create schema ${name};
    create table ${tableOf(schema)} (id bigint generated always as identity primary key, customer text not null,
      status text not null, total double precision not null, note text, due_at double precision not null)`
}

export function insertText(schema: string): string {
  return `insert into ${tableOf(schema)} (customer, status, total, note, due_at)
    select 'customer-' || i, 'open', 129.95, 'please ring twice, and leave it at the door of the neighbour', $2
    from generate_series(1, $1::int) i`
}

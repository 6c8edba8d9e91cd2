import { createStreamId, defineEvents } from '@millrace/contracts'
import type { AppendReceipt, EventStore, NewEvent, Position } from '@millrace/contracts'
import { defineProjection } from '@millrace/projections'
import type { DocumentProjection, TableProjection } from '@millrace/projections'
import { z } from 'zod'

/** Money that comes and goes. */
export const Bank = defineEvents({
  Deposited: z.object({ cents: z.number() }),
  Withdrawn: z.object({ cents: z.number() }),
  Closed: z.object({}),
})

/** A document of {@link balances}. */
export interface Balance {
  readonly cents: number
  readonly events: number
  /** The versions that were seen, as a sum that depends on their order. */
  readonly order: number
}

/** Depends on the order in which it is fed. */
export function inOrder(order: number, version: number): number {
  return (order * 31 + version) % 1_000_003
}

type BalanceChange = Partial<
  Pick<DocumentProjection, 'partitions' | 'onParked' | 'mode' | 'previous' | 'version'>
> & {
  readonly refuse?: (cents: number) => boolean
}

/** A document an account: its balance. */
export function balances(name: string, change: BalanceChange = {}): DocumentProjection<Balance> {
  const { refuse = () => false, previous, ...rest } = change
  const add = (state: Balance, by: number, version: number): Balance => {
    if (refuse(by)) throw new Error(`${by} cents are refused`)
    return { cents: state.cents + by, events: state.events + 1, order: inOrder(state.order, version) }
  }
  return defineProjection({
    name,
    events: Bank,
    initial: (): Balance => ({ cents: 0, events: 0, order: 0 }),
    evolve: {
      Deposited: (state, { data, version }) => add(state, data.cents, version),
      Withdrawn: (state, { data, version }) => add(state, -data.cents, version),
      Closed: () => undefined,
    },
    retry: { maxAttempts: 2, shape: 'fixed', initialMs: 1, jitter: 'none' },
    ...(previous === undefined ? {} : { previous }),
    ...rest,
  })
}

/** Two tables: a line an event, and a sum an account. */
export function statements(name: string, change: { readonly version?: number } = {}): TableProjection {
  return defineProjection({
    name,
    events: Bank,
    ...change,
    tables: [`${name}_lines`, `${name}_sums`],
    script: `
      create table :${name}_lines (account text, version bigint, cents bigint, primary key (account, version));
      create table :${name}_sums (account text primary key, cents bigint not null)`,
    apply: async (batch, model) => {
      for (const { streamId, version, type, data } of batch) {
        const cents = type === 'Deposited' ? data.cents : type === 'Withdrawn' ? -data.cents : 0
        model.write(`insert into :${name}_lines values ($1, $2, $3)`, [streamId, version, cents])
        model.write(
          `insert into :${name}_sums as kept values ($1, $2)
           on conflict (account) do update set cents = kept.cents + excluded.cents`,
          [streamId, cents],
        )
      }
    },
  })
}

/** The place of what an append wrote. */
function positionOf({ position }: AppendReceipt): Position {
  if (position === undefined) throw new Error('nothing was appended')
  return position
}

/** The stream of an account. */
export function account(key: string): ReturnType<typeof createStreamId> {
  return createStreamId('account', key)
}

/** Appends to an account as one commit. */
export async function append(
  events: EventStore,
  key: string,
  ...changes: readonly NewEvent[]
): Promise<Position> {
  return positionOf(await events.append(account(key), changes, { expectedVersion: 'any' }))
}

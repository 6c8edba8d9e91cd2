import { defineMachine } from '@millrace/aggregates'
import type { Fact, Machine } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

/** The events of an order on its way, round and round. */
const Order = defineEvents({
  Paid: z.object({ cents: z.number() }),
  Shipped: z.object({}),
  Delivered: z.object({}),
  Renewed: z.object({}),
})

export type OrderEvent = NewEventOf<typeof Order>
interface At<Kind extends string> {
  readonly kind: Kind
  readonly cents: number
}

export type OrderState = At<'new'> | At<'paid'> | At<'shipped'> | At<'done'>
export type OrderCommand =
  | { readonly type: 'pay'; readonly cents: number }
  | { readonly type: 'ship' }
  | { readonly type: 'deliver' }
  | { readonly type: 'renew' }
type OrderEffect = { readonly type: 'thank' | 'notify' }

export const firstState: OrderState = { kind: 'new', cents: 0 }
/** Four commands lead back to the first state. */
export const round: readonly OrderCommand[] = [
  { type: 'pay', cents: 100 },
  { type: 'ship' },
  { type: 'deliver' },
  { type: 'renew' },
]

type OrderMachine = Machine<OrderState, OrderCommand, typeof Order, OrderEffect>

/** The machine that is measured. */
export const order: OrderMachine = defineMachine<OrderState, OrderCommand, typeof Order, OrderEffect>({
  events: Order,
  initial: firstState,
  states: {
    new: {
      on: {
        pay: {
          emits: 'Paid',
          to: 'paid',
          guards: { 'pays-something': (_state, command) => command.cents > 0 },
          event: (_state, command) => Order.Paid({ cents: command.cents }),
          next: (state, { data }) => ({ kind: 'paid', cents: state.cents + data.cents }),
          effects: () => [{ type: 'thank' }],
        },
      },
    },
    paid: {
      on: {
        ship: {
          emits: 'Shipped',
          to: 'shipped',
          event: () => Order.Shipped(),
          next: ({ cents }) => ({ kind: 'shipped', cents }),
        },
      },
    },
    shipped: {
      on: {
        deliver: {
          emits: 'Delivered',
          to: 'done',
          event: () => Order.Delivered(),
          next: ({ cents }) => ({ kind: 'done', cents }),
          effects: () => [{ type: 'notify' }],
        },
      },
    },
    done: {
      on: {
        renew: {
          emits: 'Renewed',
          to: 'new',
          event: () => Order.Renewed(),
          next: ({ cents }) => ({ kind: 'new', cents }),
        },
      },
    },
  },
})

function refused(state: OrderState, what: string): Error {
  return new Error(`${what} in state ${state.kind}`)
}

/** The same steps as a switch. */
export function bareEvolve(state: OrderState, event: Fact<OrderEvent>): OrderState {
  switch (state.kind) {
    case 'new':
      if (event.type === 'Paid') return { kind: 'paid', cents: state.cents + event.data.cents }
      break
    case 'paid':
      if (event.type === 'Shipped') return { kind: 'shipped', cents: state.cents }
      break
    case 'shipped':
      if (event.type === 'Delivered') return { kind: 'done', cents: state.cents }
      break
    case 'done':
      if (event.type === 'Renewed') return { kind: 'new', cents: state.cents }
      break
    default:
      state satisfies never
  }
  throw refused(state, event.type)
}

/** What {@link bareTransition} leads to. */
export interface BareStep {
  readonly state: OrderState
  readonly event: OrderEvent
  readonly effects: readonly OrderEffect[]
}

function bareDecide(state: OrderState, command: OrderCommand): OrderEvent {
  switch (state.kind) {
    case 'new':
      if (command.type === 'pay' && command.cents > 0) return Order.Paid({ cents: command.cents })
      break
    case 'paid':
      if (command.type === 'ship') return Order.Shipped()
      break
    case 'shipped':
      if (command.type === 'deliver') return Order.Delivered()
      break
    case 'done':
      if (command.type === 'renew') return Order.Renewed()
      break
    default:
      state satisfies never
  }
  throw refused(state, command.type)
}

/** A command to an event of the same creators, the next state and the effects, as switches. */
export function bareTransition(state: OrderState, command: OrderCommand): BareStep {
  const event = bareDecide(state, command)
  const effects: readonly OrderEffect[] =
    event.type === 'Paid' ? [{ type: 'thank' }] : event.type === 'Delivered' ? [{ type: 'notify' }] : []
  return { state: bareEvolve(state, event), event, effects }
}

import { defineDecider, isRejection, reject } from '@millrace/aggregates'
import type { DefinedDecider, Rejection } from '@millrace/aggregates'

import { formatDecimal, parseDecimal } from '../money/decimal.ts'
import { allOrNone } from '../values/all-or-none.ts'
import { laterOf } from '../values/instants.ts'
import type { StockCommand, StockCommandOf } from './stock-commands.ts'
import { Stock } from './stock-events.ts'
import type { StockEvent } from './stock-events.ts'
import { availableOf, reservedUnder, unlistedItem, withReservation } from './stock-state.ts'
import type { StockState } from './stock-state.ts'

type Decision = readonly StockEvent[] | Rejection
type Rule<Type extends StockCommand['type']> = (state: StockState, command: StockCommandOf<Type>) => Decision

/** When it is recorded to have happened: an item's time never goes back. */
function when(state: StockState, at: string): { readonly at: string; readonly occurredAt: Date } {
  const later = laterOf(at, state.lastAt)
  return { at: later, occurredAt: new Date(later) }
}

/** A quantity in smallest units, or why it cannot be one. */
function exactQuantity({ item }: StockState, text: string): bigint | Rejection {
  if (item === null) return reject('item-unknown', 'the item is not listed')
  const quantity = parseDecimal(text, item.scale)
  if (quantity === undefined)
    return reject('quantity-too-fine', `kept in ${item.scale} digits behind the point`, {
      quantity: text,
      scale: item.scale,
    })
  return quantity === 0n ? reject('quantity-zero', 'nothing would move') : quantity
}

function shortage(state: StockState, wanted: bigint, available: bigint): Rejection {
  const scale = state.item?.scale ?? 0
  return reject('stock-too-low', 'there is not as much', {
    wanted: formatDecimal(wanted, scale),
    available: formatDecimal(available, scale),
  })
}

const listItem: Rule<'listItem'> = (state, { type: _, at: given, ...item }) => {
  if (state.item !== null) return reject('item-exists', 'the item was listed before')
  const { at, occurredAt } = when(state, given)
  return [Stock.ItemListed({ ...item, at }, { occurredAt })]
}

const receive: Rule<'receive'> = (state, { quantity: text, reference, at: given }) => {
  const quantity = exactQuantity(state, text)
  if (isRejection(quantity)) return quantity
  const { at, occurredAt } = when(state, given)
  return [Stock.StockReceived({ quantity, reference, at }, { occurredAt })]
}

const reserve: Rule<'reserve'> = (state, { reservation, quantity: text, at: given }) => {
  const quantity = exactQuantity(state, text)
  if (isRejection(quantity)) return quantity
  if (reservedUnder(state, reservation) > 0n)
    return reject('reservation-exists', `reservation ${reservation} was made before`, { reservation })
  const available = availableOf(state)
  if (quantity > available) return shortage(state, quantity, available)
  const { at, occurredAt } = when(state, given)
  return [Stock.StockReserved({ reservation, quantity, at }, { occurredAt })]
}

const release: Rule<'release'> = (state, { reservation, at: given }) => {
  const quantity = reservedUnder(state, reservation)
  if (quantity === 0n)
    return reject('reservation-unknown', `there is no reservation ${reservation}`, { reservation })
  const { at, occurredAt } = when(state, given)
  return [Stock.ReservationReleased({ reservation, quantity, at }, { occurredAt })]
}

const issue: Rule<'issue'> = (state, { quantity: text, reservation, reference, at: given }) => {
  const quantity = exactQuantity(state, text)
  if (isRejection(quantity)) return quantity
  if (reservation !== null && reservedUnder(state, reservation) === 0n)
    return reject('reservation-unknown', `there is no reservation ${reservation}`, { reservation })
  const available = reservation === null ? availableOf(state) : reservedUnder(state, reservation)
  if (quantity > available) return shortage(state, quantity, available)
  const { at, occurredAt } = when(state, given)
  return [Stock.StockIssued({ quantity, reservation, reference, at }, { occurredAt })]
}

function decideOne(state: StockState, command: StockCommand): Decision {
  switch (command.type) {
    case 'listItem':
      return listItem(state, command)
    case 'receive':
      return receive(state, command)
    case 'reserve':
      return reserve(state, command)
    case 'release':
      return release(state, command)
    case 'issue':
      return issue(state, command)
    default:
      return command satisfies never
  }
}

const oneByOne = defineDecider(Stock, {
  initial: (): StockState => unlistedItem,
  decide: decideOne,
  evolve: {
    ItemListed: (state, { data: { at, ...item } }) => ({ ...state, item, lastAt: at }),
    StockReceived: (state, { data: { quantity, at } }) => ({
      ...state,
      onHand: state.onHand + quantity,
      lastAt: at,
    }),
    StockReserved: (state, { data: { reservation, quantity, at } }) => ({
      ...state,
      reservations: withReservation(state, reservation, quantity),
      lastAt: at,
    }),
    ReservationReleased: (state, { data: { reservation, at } }) => ({
      ...state,
      reservations: withReservation(state, reservation, 0n),
      lastAt: at,
    }),
    StockIssued: (state, { data: { quantity, reservation, at } }) => ({
      ...state,
      onHand: state.onHand - quantity,
      reservations:
        reservation === null
          ? state.reservations
          : withReservation(state, reservation, reservedUnder(state, reservation) - quantity),
      lastAt: at,
    }),
  },
})

/** The rules of an item in stock: nothing is promised twice, and nothing leaves that is not there. */
export const stockDecider: DefinedDecider<StockState, StockCommand | readonly StockCommand[], typeof Stock> =
  allOrNone(oneByOne)

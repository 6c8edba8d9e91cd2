import { fold, isRejection } from '@millrace/aggregates'
import { spec } from '@millrace/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { stockCommand } from './stock-commands.ts'
import type { StockCommand } from './stock-commands.ts'
import { stockDecider } from './stock-decider.ts'
import { Stock } from './stock-events.ts'
import type { StockEvent } from './stock-events.ts'
import { availableOf, reservedOf, unlistedItem } from './stock-state.ts'

const at = '2025-10-15T12:00:00.000Z'
const listed = Stock.ItemListed({ name: 'Tea', unit: 'kg', scale: 3, at })
const tea = spec(stockDecider).given([
  listed,
  Stock.StockReceived({ quantity: 10_000n, reference: 'D-1', at }),
])
const reserve = (reservation: string, quantity: string): StockCommand =>
  stockCommand({ type: 'reserve', reservation, quantity, at })
const issue = (quantity: string, reservation: string | null = null): StockCommand =>
  stockCommand({ type: 'issue', quantity, reservation, reference: 'O-1', at })

describe('an item in stock', () => {
  test('is listed once, and nothing is done with one that is not', () => {
    const list = stockCommand({ type: 'listItem', name: 'Tea', unit: 'kg', scale: 3, at })
    const nothing = spec(stockDecider).given([])
    nothing.when(list).thenMatching([{ type: 'ItemListed' }])
    tea.when(list).rejects('item-exists')
    const receive = stockCommand({ type: 'receive', quantity: '1', reference: 'D-2', at })
    nothing.when(receive).rejects('item-unknown')
    nothing.when(reserve('r', '1')).rejects('item-unknown')
    nothing.when(issue('1')).rejects('item-unknown')
  })

  test('is counted exactly', () => {
    const receive = (quantity: string): StockCommand =>
      stockCommand({ type: 'receive', quantity, reference: 'D-2', at })
    tea.when(receive('0.125')).thenMatching([{ type: 'StockReceived', data: { quantity: 125n } }])
    tea.when(receive('0.1234')).rejects('quantity-too-fine', { quantity: '0.1234', scale: 3 })
    tea.when(receive('0')).rejects('quantity-zero')
  })

  test('is not promised twice', () => {
    const promised = tea.given([Stock.StockReserved({ reservation: 'r', quantity: 8_000n, at })])
    promised.when(reserve('s', '2')).thenMatching([{ type: 'StockReserved', data: { quantity: 2_000n } }])
    promised.when(reserve('s', '2.001')).rejects('stock-too-low', { wanted: '2.001', available: '2.000' })
    promised.when(reserve('r', '1')).rejects('reservation-exists', { reservation: 'r' })
    promised.when(issue('3')).rejects('stock-too-low', { wanted: '3.000', available: '2.000' })
  })

  test('is issued from what was promised, in parts if need be', () => {
    const promised = tea.given([Stock.StockReserved({ reservation: 'r', quantity: 8_000n, at })])
    promised.when(issue('5', 'r')).thenStateMatching({ onHand: 5_000n, reservations: { r: 3_000n } })
    promised.when(issue('8', 'r')).thenStateMatching({ onHand: 2_000n, reservations: {} })
    promised.when(issue('9', 'r')).rejects('stock-too-low', { wanted: '9.000', available: '8.000' })
    promised.when(issue('1', 's')).rejects('reservation-unknown', { reservation: 's' })
  })

  test('is free again when a promise is taken back', () => {
    const release = stockCommand({ type: 'release', reservation: 'r', at })
    tea.when(release).rejects('reservation-unknown', { reservation: 'r' })
    tea
      .given([Stock.StockReserved({ reservation: 'r', quantity: 8_000n, at })])
      .when(release)
      .then([
        Stock.ReservationReleased({ reservation: 'r', quantity: 8_000n, at }, { occurredAt: new Date(at) }),
      ])
      .when(issue('10'))
      .thenStateMatching({ onHand: 0n })
  })
})

const quantity = fc.integer({ min: 0, max: 3_000 }).map((grams) => (grams / 1000).toFixed(3))
const reservation = fc.constantFrom('r', 's', 't')
const instant = fc
  .date({ min: new Date('2025-01-01'), max: new Date('2025-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())
const anyCommand: fc.Arbitrary<StockCommand> = fc
  .oneof(
    fc.record({ type: fc.constant('receive' as const), quantity, reference: fc.constant('D'), at: instant }),
    fc.record({ type: fc.constant('reserve' as const), quantity, reservation, at: instant }),
    fc.record({ type: fc.constant('release' as const), reservation, at: instant }),
    fc.record({
      type: fc.constant('issue' as const),
      quantity,
      reservation: fc.option(reservation),
      reference: fc.constant('O'),
      at: instant,
    }),
  )
  .map((input) => stockCommand(input))

test('whatever is asked of an item, nothing is promised twice and nothing leaves that is not there', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 50 }), (commands) => {
      const history: StockEvent[] = [listed]
      let state = stockDecider.evolve(unlistedItem, listed)
      for (const command of commands) {
        const decision = stockDecider.decide(state, command)
        if (isRejection(decision)) continue
        for (const event of decision) state = stockDecider.evolve(state, event)
        history.push(...decision)
        expect(state.onHand >= 0n).toBe(true)
        expect(availableOf(state) >= 0n).toBe(true)
        expect(Object.values(state.reservations).every((reserved) => reserved > 0n)).toBe(true)
        expect(reservedOf(state) <= state.onHand).toBe(true)
      }
      expect(fold(stockDecider, history)).toEqual(state)
    }),
    { numRuns: 200 },
  )
})

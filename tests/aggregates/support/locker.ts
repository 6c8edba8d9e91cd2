import { defineDecider, reject } from '@millrace/aggregates'
import type { DefinedDecider } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

/** The events of a locker at a station. */
export const Locker = defineEvents({
  ItemPut: z.object({ item: z.string(), place: z.number() }),
  Stamped: { schema: z.object({ by: z.string() }), version: 2 },
  Locked: z.object({}),
  Unlocked: z.object({}),
})

export type LockerEvent = NewEventOf<typeof Locker>

export interface LockerState {
  readonly items: readonly string[]
  readonly stamps: readonly string[]
  readonly isLocked: boolean
}

export type LockerCommand =
  /** Leads to no event where the item is there already. */
  | { readonly type: 'put'; readonly item: string }
  /** Leads to another event each time. */
  | { readonly type: 'fill' }
  /** Leads to the same event each time. */
  | { readonly type: 'stamp'; readonly by: string }
  | { readonly type: 'lock' }
  | { readonly type: 'unlock' }

function decide(state: LockerState, command: LockerCommand) {
  if (state.isLocked && command.type !== 'unlock') return reject('locked', 'the locker is locked')
  const place = state.items.length + 1
  switch (command.type) {
    case 'put':
      return state.items.includes(command.item) ? [] : [Locker.ItemPut({ item: command.item, place })]
    case 'fill':
      return [Locker.ItemPut({ item: `filler ${place}`, place })]
    case 'stamp':
      return [Locker.Stamped({ by: command.by })]
    case 'lock':
      return [Locker.Locked()]
    default:
      return state.isLocked ? [Locker.Unlocked()] : reject('not-locked', 'the locker is not locked')
  }
}

/** A locker takes items until it is locked. */
export const locker: DefinedDecider<LockerState, LockerCommand, typeof Locker> = defineDecider(Locker, {
  initial: (): LockerState => ({ items: [], stamps: [], isLocked: false }),
  decide,
  evolve: {
    ItemPut: (state, { data }) => ({ ...state, items: [...state.items, data.item] }),
    Stamped: (state, { data }) => ({ ...state, stamps: [...state.stamps, data.by] }),
    Locked: (state) => ({ ...state, isLocked: true }),
    Unlocked: (state) => ({ ...state, isLocked: false }),
  },
})

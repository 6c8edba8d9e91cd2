import { InvalidValueError, UnknownEventVersionError } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'

import type { AnyEvents, DefinedDecider, Fact } from './decider.ts'
import type { Rejection } from './rejection.ts'

/** One pure function for each defined type of event. */
export type EvolveCases<State, Event extends { readonly type: string }> = {
  readonly [Type in Event['type']]: (state: State, event: Fact<Extract<Event, { type: Type }>>) => State
}

/** What {@link defineDecider} takes. */
export interface DeciderDefinition<State, Command, E extends AnyEvents> {
  readonly initial: () => State
  readonly decide: (state: State, command: Command) => readonly NewEventOf<E>[] | Rejection
  readonly evolve: EvolveCases<NoInfer<State>, NewEventOf<E>>
}

type Case<State, Event> = (state: State, event: Event) => State

/** A loop finds a case by its type faster in a map than in an object with many members. */
function caseTable<State, Event>(types: readonly string[], cases: object): Map<string, Case<State, Event>> {
  const table = new Map<string, Case<State, Event>>()
  const given = cases as Readonly<Record<string, Case<State, Event> | undefined>>
  for (const type of types) {
    const evolve = Object.hasOwn(given, type) ? given[type] : undefined
    if (typeof evolve !== 'function') throw new InvalidValueError(`evolve.${type}`, 'a function')
    table.set(type, evolve)
  }
  for (const type of Object.keys(cases))
    if (!table.has(type)) throw new InvalidValueError(`evolve.${type}`, `one of ${types.join(', ')}`)
  return table
}

/**
 * Defines the rules of an aggregate over its events. A forgotten case of `evolve`, an event or a command of another type
 * does not compile.
 *
 * @example
 * ```ts
 * const cart = defineDecider(Cart, {
 *   initial: (): CartState => ({ items: [], closed: false }),
 *   decide: (state: CartState, command: AddItem) =>
 *     state.closed ? reject('cart-closed', 'a closed cart takes no more items') : [Cart.ItemAdded({ sku: command.sku })],
 *   evolve: {
 *     ItemAdded: (state, { data }) => ({ ...state, items: [...state.items, data.sku] }),
 *     CheckedOut: (state) => ({ ...state, closed: true }),
 *   },
 * })
 * ```
 * @throws {@link InvalidValueError} where a case is missing or belongs to no defined type
 */
export function defineDecider<const E extends AnyEvents, State, Command>(
  events: E,
  definition: DeciderDefinition<State, Command, E>,
): DefinedDecider<State, Command, E> {
  const { initial, decide, evolve } = definition
  const cases = caseTable<State, NewEventOf<E>>(events.$.types, evolve)
  return {
    events,
    initial,
    decide,
    evolve: (state, event) => {
      const { type, schemaVersion = 1 } = event as { readonly type: string; readonly schemaVersion?: number }
      const evolveCase = cases.get(type)
      // The data's version is the business of who decodes: the pipeline lifts what is old.
      if (evolveCase === undefined) throw new UnknownEventVersionError(type, schemaVersion)
      return evolveCase(state, event)
    },
  }
}

import type { EventRegistry, NewEventOf } from '@millrace/contracts'

import type { Rejection } from './rejection.ts'

/** What every result of `defineEvents` is. */
export interface AnyEvents {
  // oxlint-disable-next-line typescript/no-explicit-any -- of whatever definitions; NewEventOf finds out which
  readonly $: EventRegistry<any>
}

/**
 * The rules of one kind of aggregate: pure functions without clocks, ids or chance. `decide` answers a command with
 * events or with the reason why not; `evolve` gives the state after an event, as a new value.
 */
export interface Decider<State, Command, Event> {
  readonly initial: () => State
  readonly decide: (state: State, command: Command) => readonly Event[] | Rejection
  readonly evolve: (state: State, event: Event) => State
}

/** A decider that knows the definitions of its events. */
export interface DefinedDecider<State, Command, E extends AnyEvents> extends Decider<
  State,
  Command,
  NewEventOf<E>
> {
  readonly events: E
}

/** What `evolve` may look at: ids and times are the store's, and not there yet when an event has just been decided. */
export type Fact<Event> = Event extends { readonly type: infer Type; readonly data: infer Data }
  ? { readonly type: Type; readonly data: Data }
  : never

import { InvalidValueError } from '@millrace/contracts'
import type { NewEvent, NewEventOf } from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import { fold } from '../decider/fold.ts'
import { isRejection } from '../decider/rejection.ts'
import type { Rejection } from '../decider/rejection.ts'

/** What a decider made of a command. */
export type Decision<State, Event> =
  | { readonly kind: 'events'; readonly events: readonly Event[]; readonly state: State }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'failed'; readonly error: unknown }

function versionedOne<Event extends NewEvent>(event: Event, current: number): Event {
  const { schemaVersion } = event
  if (schemaVersion === current) return event
  if (schemaVersion === undefined) return { ...event, schemaVersion: current }
  throw new InvalidValueError('event.schemaVersion', `${current}, the current one of ${event.type}`)
}

/**
 * Gives each event the schema version its data was made for. @throws {@link InvalidValueError} for another one,
 * {@link UnknownEventVersionError} for a type that is not defined
 */
export function versioned<E extends AnyEvents>(
  { events: { $ } }: { readonly events: E },
  events: readonly NewEventOf<E>[],
): readonly NewEventOf<E>[] {
  return events.map((event) => versionedOne(event, $.versionOf(event.type)))
}

/**
 * Asks the decider, and evolves the state before anything is written: an event that cannot be evolved would make its
 * stream unreadable.
 */
export function decide<State, Command, E extends AnyEvents>(
  decider: DefinedDecider<State, Command, E>,
  before: State,
  command: Command,
): Decision<State, NewEventOf<E>> {
  try {
    const decided = decider.decide(before, command)
    if (isRejection(decided)) return { kind: 'rejected', rejection: decided }
    if (!Array.isArray(decided)) throw new InvalidValueError('decision', 'a list of events or a rejection')
    if (decided.length === 0) return { kind: 'nothing' }
    const events = versioned(decider, decided)
    return { kind: 'events', events, state: fold(decider, events, before) }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

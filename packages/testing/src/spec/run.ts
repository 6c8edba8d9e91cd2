import { isRejection } from '@millrace/aggregates'
import type { Rejection } from '@millrace/aggregates'
import type { NewEvent } from '@millrace/contracts'

import { frozen } from './frozen.ts'
import type { Storage } from './storage.ts'
import type { SpecSubject } from './subject.ts'

/** What a decider is tried with. */
export interface Rig<State, Command, Event extends NewEvent> {
  readonly subject: SpecSubject<State, Command, Event>
  readonly storage: Storage
}

/** A state with the number of events that led to it. */
export interface Reached<State> {
  readonly state: State
  readonly version: number
}

/** What became of a command. */
export type Outcome<State, Event> =
  | { readonly kind: 'accepted'; readonly events: readonly Event[]; readonly after: Reached<State> }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'threw'; readonly error: unknown }

/**
 * Applies events as a load of the stream would: each is encoded, decoded, lifted and validated before `evolve` sees it.
 * States are frozen, so that an `evolve` or `decide` that changes one throws.
 */
export function applied<State, Command, Event extends NewEvent>(
  { subject, storage }: Rig<State, Command, Event>,
  from: Reached<State>,
  events: readonly NewEvent[],
): Reached<State> {
  let { state } = from
  for (const envelope of storage.recorded(events, from.version)) {
    subject.events?.$.parse(envelope)
    state = frozen(subject.evolve(state, frozen(envelope) as unknown as Event))
  }
  return { state, version: from.version + events.length }
}

/** The state before any event. */
export function beginning<State, Command, Event extends NewEvent>({
  subject,
}: Rig<State, Command, Event>): Reached<State> {
  return { state: frozen(subject.initial()), version: 0 }
}

/** Decides, and applies what was decided. Only what `decide` itself throws is an outcome. */
export function decided<State, Command, Event extends NewEvent>(
  rig: Rig<State, Command, Event>,
  before: Reached<State>,
  command: Command,
): Outcome<State, Event> {
  let decision
  try {
    decision = rig.subject.decide(before.state, command)
  } catch (error) {
    return { kind: 'threw', error }
  }
  if (isRejection(decision)) return { kind: 'rejected', rejection: decision }
  return { kind: 'accepted', events: decision, after: applied(rig, before, decision) }
}

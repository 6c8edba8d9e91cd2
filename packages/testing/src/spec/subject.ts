import type { Decider } from '@millrace/aggregates'
import type { Envelope, NewEvent } from '@millrace/contracts'

/** A decider; where it knows the definitions of its events, every event of a spec is validated by them. */
export interface SpecSubject<State, Command, Event extends NewEvent> extends Decider<State, Command, Event> {
  readonly events?: { readonly $: { parse(envelope: Envelope): unknown } }
}

/** A state machine: a decider whose events cause effects. */
export interface SpecMachine<State, Command, Event extends NewEvent, Effect> extends SpecSubject<
  State,
  Command,
  Event
> {
  /** What an event causes, from the state before it. */
  readonly effects: (state: State, event: Event) => readonly Effect[]
}

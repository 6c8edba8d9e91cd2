import type { Decider } from './decider.ts'

/** The state after a history: recorded events, new ones, or both. */
export function fold<State, Event>(
  // Not taken apart: a machine fits too, and its functions are methods.
  decider: Pick<Decider<State, never, Event>, 'initial' | 'evolve'>,
  events: Iterable<Event>,
  from: State = decider.initial(),
): State {
  let state = from
  for (const event of events) state = decider.evolve(state, event)
  return state
}

import type { Decider } from './decider.ts'

/** The state after a history: recorded events, new ones, or both. */
export function fold<State, Event>(
  { initial, evolve }: Pick<Decider<State, never, Event>, 'initial' | 'evolve'>,
  events: Iterable<Event>,
  from: State = initial(),
): State {
  let state = from
  for (const event of events) state = evolve(state, event)
  return state
}

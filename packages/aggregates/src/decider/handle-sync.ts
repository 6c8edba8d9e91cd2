import type { Decider } from './decider.ts'
import { fold } from './fold.ts'
import { isRejection } from './rejection.ts'
import type { Rejection } from './rejection.ts'

/** What a command led to in memory; nothing was recorded. */
export type SyncResult<State, Event> =
  | { readonly kind: 'accepted'; readonly events: readonly Event[]; readonly state: State }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }

/**
 * Handles a command on a history, or on a state, without any I/O: for callers that cannot wait and keep events
 * themselves. Throws what the decider throws.
 */
export function handleSync<State, Command, Event>(
  decider: Decider<State, Command, Event>,
  before: Iterable<Event> | { readonly state: State },
  command: Command,
): SyncResult<State, Event> {
  const state = Symbol.iterator in before ? fold(decider, before) : before.state
  const decision = decider.decide(state, command)
  if (isRejection(decision)) return { kind: 'rejected', rejection: decision }
  return { kind: 'accepted', events: decision, state: fold(decider, decision, state) }
}

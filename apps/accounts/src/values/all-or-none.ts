import { isRejection } from '@millrace/aggregates'
import type { AnyEvents, DefinedDecider } from '@millrace/aggregates'
import type { NewEventOf } from '@millrace/contracts'

/**
 * The same rules for one command or for several in one commit: of several all are accepted, each on what the ones before
 * it led to, or none is.
 */
export function allOrNone<State, Command extends { readonly type: string }, E extends AnyEvents>(
  decider: DefinedDecider<State, Command, E>,
): DefinedDecider<State, Command | readonly Command[], E> {
  return {
    ...decider,
    decide: (before, commands) => {
      if ('type' in commands) return decider.decide(before, commands)
      let state = before
      const events: NewEventOf<E>[] = []
      for (const command of commands) {
        const decision = decider.decide(state, command)
        if (isRejection(decision)) return decision
        for (const event of decision) state = decider.evolve(state, event)
        events.push(...decision)
      }
      return events
    },
  }
}

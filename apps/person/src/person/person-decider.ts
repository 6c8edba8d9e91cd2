import { isRejection } from '@millrace/aggregates'
import type { DefinedDecider } from '@millrace/aggregates'

import type { Person, PersonEvent } from '../events/person-events.ts'
import type { PersonCommand } from './commands.ts'
import { liveOn } from './live-on.ts'
import { personMachine } from './person-machine.ts'
import type { PersonState } from './person-state.ts'

const machine = personMachine.toDecider()

/**
 * The rules of a person, for one command or for several to the same person: of several all are accepted, each on what
 * the ones before it led to, or none is. What is recorded is taken as it is, also where today's rules would not have
 * let it happen.
 */
export const personDecider: DefinedDecider<
  PersonState,
  PersonCommand | readonly PersonCommand[],
  typeof Person
> = {
  ...machine,
  decide: (before, commands) => {
    if ('type' in commands) return machine.decide(before, commands)
    let state = before
    const events: PersonEvent[] = []
    for (const command of commands) {
      const decision = machine.decide(state, command)
      if (isRejection(decision)) return decision
      for (const event of decision) state = machine.evolve(state, event)
      events.push(...decision)
    }
    return events
  },
  evolve: liveOn,
}

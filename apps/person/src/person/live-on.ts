import type { PersonEvent } from '../events/person-events.ts'
import { detailsAfter } from './details.ts'
import { personMachine } from './person-machine.ts'
import type { PersonDetails, PersonState } from './person-state.ts'

type Told = Pick<PersonEvent, 'type' | 'data'>

/** What is known of the person after an event, whatever state it found them in. */
function detailsOf(details: PersonDetails, { type, data }: Told): PersonDetails {
  const after = Object.hasOwn(detailsAfter, type)
    ? detailsAfter[type as keyof typeof detailsAfter]
    : undefined
  if (after === undefined || type === 'PersonCreated') return details
  return (after as (details: PersonDetails, data: Told['data']) => PersonDetails)(details, data)
}

/**
 * The state after an event. The systems of the first generation refused less than the machine does: people were renamed
 * while they were suspended, reactivated twice, corrected after their death. Nobody can be loaded whose history is refused, so
 * that an event without a place in the machine tells what is known and changes no state.
 */
export function liveOn(state: PersonState, event: Told): PersonState {
  const hasPlace = personMachine.transitions(state).some(({ event: type }) => type === event.type)
  if (hasPlace) return personMachine.evolve(state, event as PersonEvent)
  // Who was never created has nothing that could be known.
  if (state.kind === 'draft') return state
  return { ...state, details: detailsOf(state.details, event) }
}

import { createAggregates } from '@millrace/aggregates'
import type { Aggregates, CommandResult } from '@millrace/aggregates'
import { InvalidValueError } from '@millrace/contracts'
import type { EventMetadata, EventStore, UpcastHook } from '@millrace/contracts'

import type { Person, PersonEvent } from './events/person-events.ts'
import { personUpcasters } from './events/upcasters.ts'
import { onboardingCategory } from './onboarding/onboarding-events.ts'
import type { Onboarding } from './onboarding/onboarding-events.ts'
import { onboardingMachine } from './onboarding/onboarding-machine.ts'
import type { OnboardingCommand, OnboardingState } from './onboarding/onboarding-state.ts'
import { personCategory } from './person/category.ts'
import type { Issued, PersonCommand } from './person/commands.ts'
import { personDecider } from './person/person-decider.ts'
import type { PersonState } from './person/person-state.ts'

/** How every reader of people decodes: whatever generation an event is of, it comes out as one of today. */
export const personDecoding: { readonly upcast: UpcastHook } = { upcast: personUpcasters.upcast }

/** All people of a store. */
export type People = Aggregates<PersonState, PersonCommand | readonly PersonCommand[], typeof Person>

/** Binds the rules of people to their streams. */
export function openPeople(store: EventStore): People {
  return createAggregates({
    store,
    category: personCategory,
    decider: personDecider,
    decoding: personDecoding,
  })
}

/** All onboardings of a store, by the id of the person. */
export type Onboardings = Aggregates<OnboardingState, OnboardingCommand, typeof Onboarding>

/** Binds the rules of an onboarding to its streams. */
export function openOnboardings(store: EventStore): Onboardings {
  return createAggregates({ store, category: onboardingCategory, decider: onboardingMachine.toDecider() })
}

function metadataOf({ correlationId, actor }: Issued): EventMetadata {
  return {
    ...(correlationId === null ? {} : { correlationId }),
    ...(actor === null ? {} : { actor: { kind: 'user', id: actor } }),
  }
}

/**
 * Handles a command to the person it names, or several to one person, of which all are accepted or none. Who gave them,
 * and in which conversation, is known of their events as of any others.
 *
 * @throws {@link InvalidValueError} for several commands that are not to one person
 */
export async function handlePersonCommand(
  people: People,
  commands: PersonCommand | readonly [PersonCommand, ...PersonCommand[]],
  options: { readonly commandId?: string } = {},
): Promise<CommandResult<PersonEvent>> {
  const list: readonly [PersonCommand, ...PersonCommand[]] = 'type' in commands ? [commands] : commands
  const [{ personId, issued }] = list
  if (list.some((command) => command.personId !== personId))
    throw new InvalidValueError('commands', 'to one person')
  return await people.handle(personId, commands, { ...options, metadata: metadataOf(issued) })
}

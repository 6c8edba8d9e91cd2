import { createStreamId } from '@millrace/contracts'
import type { NewEvent, StreamId } from '@millrace/contracts'
import { Person, PersonV1, PersonV2, personCategory, personCommand } from '@millrace/person'
import type { MetadataV2, MetadataV3, PersonCommand, PersonCommandInput } from '@millrace/person'

const at = '2014-05-01T12:00:00.000Z'
export const issued = { at: '2026-03-02T10:00:00Z', actor: 'clerk', correlationId: 'conversation-1' }
export const ada = { given: 'Ada', family: 'Byron' }
export const countess = { given: 'Ada', family: 'Lovelace' }

const unknown = { correlation_id: null, causation_id: null, actor: null, timestamp: at }
export const metadataV2: MetadataV2 = { version: 2, ...unknown, context: {} }
const metadataV3: MetadataV3 = {
  version: 3,
  ...unknown,
  context: {},
  source_system: null,
  import_id: null,
}

/** The stream of a person. */
export function streamOf(personId: string): StreamId {
  return createStreamId(personCategory, personId)
}

/** One stream's events, written by all three generations in turn, before each was replaced by the next. */
export const mixedHistory: readonly NewEvent[] = [
  PersonV1.PersonCreated({ name: ada, source: 'registration', created_at: at }),
  PersonV1.PersonUpdated({
    name: { old: ada, new: countess },
    birth_date: '1985-12-10',
    updated_at: at,
  }),
  PersonV2.PersonSuspended({ reason: 'under review', metadata: metadataV2 }),
  PersonV2.PersonActivated({ change_reason: null, metadata: metadataV2 }),
  Person.NameUpdated({ old_name: countess, new_name: ada, change_reason: null, metadata: metadataV3 }),
]

/** What a reader of today makes of {@link mixedHistory}. */
export const mixedToday = [
  'PersonCreated',
  'NameUpdated',
  'BirthDateSet',
  'PersonSuspended',
  'PersonActivated',
  'NameUpdated',
]

type Body<Input> = Input extends unknown ? Omit<Input, 'issued'> : never

/** A command given by the clerk of the tests. */
export function command(body: Body<PersonCommandInput>): PersonCommand {
  return personCommand({ ...body, issued })
}

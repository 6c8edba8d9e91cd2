import { createStreamId } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'

import { PersonV1 } from '../events/v1.ts'
import { PersonV2 } from '../events/v2.ts'
import type { Attribute } from '../events/values.ts'
import { personCategory } from '../person/category.ts'
import { v1Histories } from '../samples/v1-histories.ts'
import type { Scene } from './scene.ts'

const byron = { given: 'Ada', family: 'Byron' }
const king = { given: 'Ada', family: 'King' }

const home: Attribute = {
  attribute_id: 'home',
  kind: 'city',
  value: 'London',
  valid_from: '2010-01-01',
  valid_until: null,
  provenance: { source: 'registration', confidence: 'likely', recorded_by: null },
}
const ockham: Attribute = {
  ...home,
  value: 'Ockham',
  valid_from: '2016-07-01',
  provenance: { source: 'council register', confidence: 'certain', recorded_by: 'clerk' },
}

const metadata = (timestamp: string, context: Readonly<Record<string, string>> = {}) =>
  ({
    version: 2,
    correlation_id: null,
    causation_id: null,
    timestamp,
    actor: 'reviewer',
    context: { ...context },
  }) as const

/** Ada's years in the systems before this one: the first generation wrote until 2016, the second until 2019. */
const past: readonly NewEvent[] = [
  PersonV1.PersonCreated({ name: byron, source: 'registration', created_at: '2012-03-01T09:00:00Z' }),
  PersonV1.AttributeRecorded({ attribute: home, recorded_at: '2012-03-01T09:05:00Z' }),
  PersonV1.PersonUpdated({
    name: { old: byron, new: king },
    birth_date: '1985-12-10',
    updated_at: '2014-07-08T11:00:00Z',
  }),
  PersonV1.AttributeUpdated({ old: home, new: ockham, updated_at: '2016-07-04T08:00:00Z' }),
  PersonV2.PersonSuspended({ reason: 'under review', metadata: metadata('2018-02-01T10:00:00Z') }),
  PersonV2.PersonActivated({
    change_reason: 'review passed',
    metadata: metadata('2018-02-20T10:00:00Z', { source_system: 'reviews' }),
  }),
]

/** Imports what the systems before this one have recorded, twice: the second import finds everything there. */
export async function importHistory({ store, id, say }: Scene): Promise<void> {
  const counts = new Map<string, number>()
  let people = 0
  let recognised = 0
  for (const { streamId, events } of v1Histories({ events: 120, seed: 1815 })) {
    await store.append(streamId, events, { expectedVersion: 'any' })
    const again = await store.append(streamId, events, { expectedVersion: 'any' })
    people += 1
    recognised += Number(again.replayed)
    for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  say(`${total} events of the first generation, ${counts.size} kinds, ${people} people`)
  say(`imported again: ${recognised} of ${people} histories recognised, nothing written`)
  const streamId = createStreamId(personCategory, id('ada'))
  const { version } = await store.append(streamId, past, { expectedVersion: 'no-stream' })
  say(`Ada's past: ${version} events`)
}

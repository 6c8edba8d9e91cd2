import { specUpcasters } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import { expect, test } from 'vitest'

import { Person } from '../events/person-events.ts'
import { personUpcasters } from '../events/upcasters.ts'
import { PersonV1 } from '../events/v1.ts'
import { personMachine } from '../person/person-machine.ts'
import { brokenV1Events } from './broken-v1-events.ts'
import { v1Histories } from './v1-histories.ts'

guardSpecs()

test('one seed gives the same histories, another gives others', () => {
  const text = (seed: number): string => JSON.stringify([...v1Histories({ events: 200, seed })])
  expect(text(1)).toBe(text(1))
  expect(text(1)).not.toBe(text(2))
})

test.each([0, 1, 12, 500])('as many events as asked for: %i', (events) => {
  const histories = [...v1Histories({ events, prefix: 'old' })]
  expect(histories.flatMap((history) => history.events)).toHaveLength(events)
  expect(new Set(histories.map(({ streamId }) => streamId)).size).toBe(histories.length)
  for (const { streamId } of histories) expect(streamId).toMatch(/^person-old-\d{6}$/)
})

test('from thirteen events on all eleven kinds are among them, under ids of their own', () => {
  const events = [...v1Histories({ events: 13, seed: 9 })].flatMap((history) => history.events)
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(PersonV1.$.types))
  expect(new Set(events.map(({ id }) => id)).size).toBe(13)
})

test('every history can be lived again by the rules of today', () => {
  for (const { events } of v1Histories({ events: 1_000, seed: 3 })) {
    let state = personMachine.initial()
    let last = new Date(0)
    for (const { type, data, occurredAt = last } of events) {
      if (occurredAt <= last) throw new Error(`${type} is not after what was before it`)
      last = occurredAt
      for (const event of personUpcasters.migrateToCurrent(type, data))
        state = personMachine.evolve(state, event)
    }
    expect(state.kind).not.toBe('draft')
  }
})

test.each(brokenV1Events.map((event) => [event.type, event] as const))(
  'a broken %s is not lifted',
  (_, event) => {
    specUpcasters(personUpcasters)
      .given(event)
      .throws({ code: event.schemaVersion === 1 ? 'ERR_UPCASTER_FAILED' : 'ERR_UNKNOWN_EVENT_VERSION' })
  },
)

test('today has no kind that the first generation had and today has not', () => {
  const gone = PersonV1.$.types.filter((type) => !Person.$.types.some((current) => current === type))
  expect(gone).toEqual(['PersonUpdated', 'PersonDeactivated', 'PersonReactivated', 'PersonMergedInto'])
})

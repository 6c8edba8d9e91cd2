import { createStreamId } from '@millrace/contracts'

import type { Attribute } from '../events/values.ts'
import { handlePersonCommand, openPeople } from '../people.ts'
import { personCategory } from '../person/category.ts'
import { clerk, give } from './give.ts'
import type { Scene } from './scene.ts'

const statement = (index: number): Attribute => ({
  attribute_id: `score-${index}`,
  kind: 'score',
  value: index,
  valid_from: '2026-01-01',
  valid_until: null,
  provenance: { source: 'survey', confidence: 'estimated', recorded_by: null },
})

/** Commands that come all at once, through two hands that know nothing of each other. */
export async function race({ store, people, id, say }: Scene): Promise<void> {
  const personId = id('grace')
  const name = { given: 'Grace', family: 'Hopper' }
  await give(people, { type: 'createPerson', personId, name, source: 'registration' })
  const others = openPeople(store)
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      give(index % 2 === 0 ? people : others, {
        type: 'recordAttribute',
        personId,
        attribute: statement(index),
      }),
    ),
  )
  const accepted = results.filter(({ kind }) => kind === 'accepted').length
  const versions: number[] = []
  for await (const { version } of store.read(createStreamId(personCategory, personId)))
    versions.push(Number(version))
  const gapless = versions.every((version, index) => version === index + 1)
  say(`40 commands to one person at once: ${accepted} accepted, ${results.length - accepted} refused`)
  say(`${versions.length} events, versions ${gapless ? 'without a gap' : `with gaps: ${versions.join(' ')}`}`)

  const renamed = { type: 'updateName', personId, name: { given: 'Grace', family: 'Murray' } } as const
  const both = await Promise.all([give(people, renamed), give(others, renamed)])
  const outcomes = both.map((result) => (result.kind === 'accepted' ? 'accepted' : result.rejection.code))
  say(`the same new name twice at once: ${outcomes.toSorted().join(' and ')}`)
}

/** Several commands as one commit, whose events are read as they were recorded, one after the other. */
export async function streamResult({ people, id, say }: Scene): Promise<void> {
  const personId = id('grace')
  const result = await handlePersonCommand(people, [
    clerk({ type: 'registerComponent', personId, componentType: 'skill' }),
    clerk({ type: 'suspend', personId, reason: 'no activity' }),
    clerk({ type: 'archive', personId, reason: 'retention period over' }),
  ])
  if (result.kind !== 'accepted') throw new Error(result.rejection.message)
  for await (const { type, version, metadata } of result.stream)
    say(`recorded: ${type}, version ${version}, by ${metadata.actor?.id ?? 'nobody'}`)
}

import { createStreamId } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'

import { personCategory } from '../person/category.ts'
import type { Scene } from './scene.ts'

const named = ({ type, schemaVersion = 1 }: Pick<NewEvent, 'type' | 'schemaVersion'>): string =>
  `${type} v${schemaVersion}`

/** Reads a stream that three generations have written as if today's had written all of it. */
export async function readPast({ store, decode, people, id, say }: Scene): Promise<void> {
  const streamId = createStreamId(personCategory, id('ada'))
  for await (const stored of store.read(streamId))
    say(`${stored.version}  ${named(stored)} is read as ${decode(stored).map(named).join(' and ')}`)
  const { state } = await people.load(id('ada'))
  if (state.kind !== 'active') throw new Error(`Ada is ${state.kind}`)
  const { name, birthDate } = state.details
  say(`Ada is ${state.kind}: ${name.given} ${name.family}, born ${birthDate}`)
}

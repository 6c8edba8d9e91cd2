import { attributesAt } from '../person/person-state.ts'
import type { Scene } from './scene.ts'

/** What was known to hold on a day, and from where. */
export async function lookBack({ people, id, say }: Scene): Promise<void> {
  const { state } = await people.load(id('ada'))
  for (const day of ['2009-12-31', '2014-01-01', '2020-01-01']) {
    const held = attributesAt(state, day).map(
      ({ kind, value, provenance }) => `${kind} ${value} (${provenance.source}, ${provenance.confidence})`,
    )
    say(`${day}: ${held.length === 0 ? 'nothing' : held.join(', ')}`)
  }
}

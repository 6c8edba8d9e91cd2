import { createEventDecoder, createStreamId, decodeEvents, isMillraceError } from '@millrace/contracts'

import { asV1, asV2 } from '../events/legacy-readers.ts'
import { personCategory } from '../person/category.ts'
import type { Scene } from './scene.ts'

/** Readers that were never changed read what is written today, as far as they have words for it. */
export async function readAsBefore({ store, id, say }: Scene): Promise<void> {
  const asItLies = createEventDecoder()
  const events = decodeEvents(store.read(createStreamId(personCategory, id('ada'))), asItLies)
  const before: string[] = []
  const without: string[] = []
  const second: string[] = []
  for await (const event of events) {
    second.push(...asV2(event).map(({ type }) => type))
    try {
      before.push(asV1(event).type)
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'ERR_DOWNCAST_FAILED') throw error
      without.push(error.message)
    }
  }
  say(`the second generation reads: ${second.join(', ')}`)
  say(`the first generation reads: ${before.join(', ')}`)
  for (const reason of without) say(`and is told: ${reason}`)
}

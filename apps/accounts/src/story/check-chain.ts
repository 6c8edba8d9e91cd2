import { createStreamId } from '@millrace/contracts'

import { bookCategory } from '../books/book-events.ts'
import type { Scene } from './scene.ts'

/** The hashes of a book's events, each over the one before it, and the signed end of them. */
export async function checkChain({ chain, id, say }: Scene): Promise<void> {
  if (chain === undefined) {
    say('no chain of hashes: it is kept where events are in Postgres')
    return
  }
  const streamId = createStreamId(bookCategory, id('shop'))
  const anchors = await chain.anchor()
  const anchored = anchors.some((anchor) => anchor.streamId === streamId)
  const { events, unchained, faults } = await chain.verify({ streamId })
  say(`${events} events in the chain, ${unchained} outside, its end ${anchored ? 'signed' : 'not signed'}`)
  say(faults.length === 0 ? 'nothing was changed, removed, inserted or reordered' : `${faults[0]?.detail}`)
}

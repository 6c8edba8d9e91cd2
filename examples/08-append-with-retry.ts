// Several writers, one stream: an append that was decided on an old version is refused, and decided anew.
import { setTimeout as pause } from 'node:timers/promises'

import { ConcurrencyError, createIdFactory, createStreamId, parseCommitId } from '@millrace/contracts'
import type { CommitId, EventStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'

const counter = createStreamId('counter', 'visitors')
const mint = createIdFactory()

/** Random pauses that double: whoever lost last waits longest, and leaves the others room. */
async function appendWithRetry(store: EventStore, decide: (version: number) => string, commitId: CommitId) {
  for (let attempt = 1; ; attempt++) {
    const version = Number(await store.currentVersion(counter))
    try {
      const event = { type: 'counted', data: { by: decide(version) } }
      return {
        attempt,
        receipt: await store.append(counter, [event], { expectedVersion: version, commitId }),
      }
    } catch (error) {
      if (!(error instanceof ConcurrencyError) || attempt === 50) throw error
      await pause(Math.random() * Math.min(100, 2 ** attempt))
    }
  }
}

await using store = await openMemoryStore()
const writers = Array.from({ length: 20 }, (_, index) =>
  appendWithRetry(store, () => `writer ${index}`, parseCommitId(mint())),
)
const results = await Promise.all(writers)
console.log('writers', results.length, 'events', Number(await store.currentVersion(counter)))
console.log(
  'somebody had to try again',
  results.some(({ attempt }) => attempt > 1),
)

// The same append again under its commit id, as after a lost answer: the first result, and nothing is written.
const [first] = results
const again = await store.append(counter, [{ type: 'counted', data: { by: 'writer 0' } }], {
  expectedVersion: Number(first?.receipt.version) - 1,
  commitId: parseCommitId(first?.receipt.commitId ?? ''),
})
console.log('replayed', again.replayed, 'events', Number(await store.currentVersion(counter)))

// Where the order does not matter, `any` never conflicts with itself.
await Promise.all(
  Array.from({ length: 20 }, () =>
    store.append(counter, [{ type: 'counted', data: { by: 'anybody' } }], { expectedVersion: 'any' }),
  ),
)
console.log('events', Number(await store.currentVersion(counter)))

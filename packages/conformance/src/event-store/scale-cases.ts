import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { StoredEvent } from '@millrace/contracts'

import { same } from '../suite/assertions.ts'
import { fact, freshName, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

const eventCount = 20_000
const textBytes = 1000

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** Bytes that are alive: what the collector cannot free. */
function liveBytes(collect: () => void): number {
  // Once to find what is dead, once more to wait for the sweeping of array buffers, which goes on behind the first.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Reads to the end and returns how far the live memory ever rose above its start. */
async function growthOf(
  events: AsyncIterable<StoredEvent>,
): Promise<{ readonly count: number; readonly bytes: number }> {
  const collect = collector()
  const start = liveBytes(collect)
  let [count, highest] = [0, start]
  for await (const event of events) {
    count += event.version > 0 ? 1 : 0
    if (count % 2500 === 0) highest = Math.max(highest, liveBytes(collect))
  }
  return { count, bytes: highest - start }
}

/** Reads whose length must not show in memory; the form over a million events is a deep test. */
export const scaleCases: readonly EventStoreCase[] = [
  {
    name: `${eventCount} events are read one by one in constant memory, of a stream and over all streams`,
    timeoutMs: 180_000,
    run: async ({ store }) => {
      const id = freshStream(freshName('long'))
      const type = freshName('long')
      const events = Array.from({ length: 1000 }, (_, n) =>
        fact(n, { type, data: { n, text: 'x'.repeat(textBytes) } }),
      )
      for (let at = 0; at < eventCount; at += events.length)
        await store.append(id, events, { expectedVersion: at })
      for (const read of [() => store.read(id), () => store.readAll({ types: [type] })]) {
        const { count, bytes } = await growthOf(read())
        same(count, eventCount)
        // A reader that holds all of it holds at least eventCount * textBytes.
        same(bytes < (eventCount * textBytes) / 4, true, `live memory grew by ${bytes} bytes`)
      }
    },
  },
]

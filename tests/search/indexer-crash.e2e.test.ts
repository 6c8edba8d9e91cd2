import { setTimeout as sleep } from 'node:timers/promises'

import { startScript } from '@millrace/testing'
import { beforeAll, describe, expect, inject, test, vi } from 'vitest'

import { openEngine } from './support/engine-place.ts'
import { elasticsearchUrl, engines, fresh, startMs } from './support/engines.ts'
import type { IndexerOrder } from './support/indexer-main.ts'
import { indexedChanges, openOrderLog, orders } from './support/orders.ts'
import type { OrderLog } from './support/orders.ts'

const script = new URL('support/indexer-main.ts', import.meta.url)

/** Where each process in turn is killed: on both sides of a call, and on both sides of a checkpoint. */
const crashes = [
  { at: 'index:before-write', hit: 2 },
  { at: 'index:after-write', hit: 1 },
  { at: 'advance:before-commit', hit: 2 },
  { at: 'advance:after-commit', hit: 1 },
] as const

/** Some orders that are never touched again, so that no later change can hide that one was lost, and older ones again. */
async function changeSome(log: OrderLog, count: number): Promise<void> {
  const next = log.changes.size
  await log.change(Array.from({ length: count }, (_, n) => next + n))
  await log.change(Array.from({ length: count / 10 }, (_, n) => (next * 7 + n * 13) % (next + 1)))
}

beforeAll(async () => {
  await elasticsearchUrl()
}, startMs)

describe.each(engines)('an indexer into %s', (_, place) => {
  test(
    'that is killed again and again loses no document, and no older version wins',
    { timeout: 300_000, concurrent: true },
    async () => {
      const log = { url: inject('servers').postgres, schema: fresh() }
      const order: IndexerOrder = { log, engine: await place() }
      await using engine = await openEngine(order.engine)
      await using writer = await openOrderLog(log.url, log.schema)
      const index = await engine.store.open(orders)
      for (const crash of crashes) {
        // Many at once: a batch of several calls.
        await changeSome(writer, 150)
        await using child = startScript(script, { args: [JSON.stringify(order)], crash })
        const killed = child.ended(60_000)
        const over = new AbortController()
        void killed.finally(() => over.abort())
        while (!over.signal.aborted) {
          await changeSome(writer, 10)
          // A steady load, not all that the log can take: the last process has to index what these left.
          await sleep(50)
        }
        expect((await killed).signal).toBe('SIGKILL')
      }
      await using last = startScript(script, { args: [JSON.stringify(order)] })
      await last.line('indexing', 30_000)
      await vi.waitFor(
        async () => {
          await index.refresh()
          const found = await indexedChanges(index)
          const lost = [...writer.changes].filter(([number, change]) => found.get(number) !== change)
          expect(lost).toEqual([])
          expect(found.size).toBe(writer.changes.size)
        },
        { timeout: 90_000, interval: 200 },
      )
      await engine.store.drop(orders.name)
    },
  )
})

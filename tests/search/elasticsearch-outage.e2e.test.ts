import { setTimeout as sleep } from 'node:timers/promises'

import { openElasticsearch } from '@millrace/elasticsearch'
import { defineProcessor } from '@millrace/processing'
import type { ProcessingFact } from '@millrace/processing'
import { startElasticsearch } from '@millrace/tools/services'
import { expect, inject, test, vi } from 'vitest'

import { fresh } from './support/engines.ts'
import type { OrderLog } from './support/orders.ts'
import { indexedChanges, openOrderLog, orderIndexer, orders } from './support/orders.ts'

/** Milliseconds it is away before it is started again, which takes several times as long. */
const outageMs = 3000
const numbers = Array.from({ length: 50 }, (_, n) => n)

/** Changes orders, one after the other, until it is stopped. */
function keepChanging(log: OrderLog): { readonly stop: () => Promise<void> } & AsyncDisposable {
  const stopped = new AbortController()
  const work = (async () => {
    while (!stopped.signal.aborted) {
      await log.change(numbers.filter(() => Math.random() < 0.2))
      // A steady load, not all that the log can take.
      await sleep(20)
    }
  })()
  const stop = async (): Promise<void> => {
    stopped.abort()
    await work
  }
  return { stop, [Symbol.asyncDispose]: stop }
}

test(
  'Elasticsearch killed under load: the indexer waits, others go on, nothing is lost, and it catches up',
  { timeout: 400_000 },
  async () => {
    await using server = await startElasticsearch()
    await using store = openElasticsearch({ node: server.url, requestTimeoutMs: 5000 })
    await using log = await openOrderLog(inject('servers').postgres, fresh())
    const index = await store.open(orders)
    let handled = 0
    const other = defineProcessor({
      name: 'other',
      startFrom: 'beginning',
      handle: (batch) => {
        handled += batch.length
      },
    })
    const runtime = await log.run([orderIndexer(index), other])
    const facts: ProcessingFact[] = []
    runtime.onChange((fact) => void facts.push(fact))
    // Ends before the log does, also where the test fails.
    await using load = keepChanging(log)
    await vi.waitFor(async () => expect(await index.count()).toBe(50), { timeout: 60_000 })

    await server.stop('kill')
    const [before, begin] = [handled, performance.now()]
    // How long it is away: the fault itself, not a wait for something.
    await sleep(outageMs)
    expect((await store.health()).status).toBe('down')
    await vi.waitFor(() => expect(handled - before).toBeGreaterThan(100), { timeout: 30_000 })
    await server.start()
    const awayMs = performance.now() - begin
    await load.stop()

    const from = performance.now()
    await vi.waitFor(
      async () => {
        await index.refresh()
        expect(await indexedChanges(index)).toEqual(log.changes)
      },
      { timeout: 150_000, interval: 200 },
    )
    console.log(
      `away ${Math.round(awayMs)} ms, ${handled - before} events meanwhile, caught up ${Math.round(performance.now() - from)} ms after`,
    )
    expect(facts.some(({ kind }) => kind === 'problem')).toBe(true)
    expect(facts.filter(({ kind }) => kind === 'record-parked')).toEqual([])
    expect((await store.health()).status).toBe('ok')
  },
)

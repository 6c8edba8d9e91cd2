import {
  createEventDecoder,
  createStreamId,
  defineEvents,
  defineSearchIndex,
  keyOf,
} from '@millrace/contracts'
import { openMemorySubjectKeys } from '@millrace/memory'
import { createPrivacy, definePersonalData, localKeyProvider } from '@millrace/privacy'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor } from '@millrace/processing'
import { defineIndexer, maintainIndex, searchEraser } from '@millrace/search'
import { beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { z } from 'zod'

import { openEngine } from './support/engine-place.ts'
import { elasticsearchUrl, engines, fresh, startMs } from './support/engines.ts'
import { indexedChanges, openOrderLog, orderIndexer, orders } from './support/orders.ts'

const Customer = defineEvents({ CustomerNamed: z.object({ name: z.string() }) })

const personal = definePersonalData(Customer, {
  CustomerNamed: { subject: (_, streamId) => keyOf(streamId), fields: { name: '[erased]' } },
})

const customers = defineSearchIndex({
  name: 'customers',
  version: 1,
  fields: { name: { kind: 'text' }, customer: { kind: 'keyword', subject: true } },
})

beforeAll(async () => {
  await elasticsearchUrl()
}, startMs)

describe.each(engines)('an indexer into %s', (_, place) => {
  test('trap 13: parks an event whose document is rejected, with the reason, and goes on; nothing else is lost', async () => {
    await using engine = await openEngine(await place())
    await using log = await openOrderLog(inject('servers').postgres, fresh())
    const index = await engine.store.open(orders)
    await log.change(Array.from({ length: 40 }, (__, n) => n))
    await log.change([7], 42)
    await log.change([100])
    await log.change([8], ['no', 'text'])
    await log.run([orderIndexer(index)])
    const parkedReasons = async (): Promise<readonly string[]> =>
      (await log.processors.deadLetters.list({ kind: 'parked' })).items.map(({ reason }) => reason).toSorted()
    await vi.waitFor(async () => expect(await parkedReasons()).toHaveLength(2), { timeout: 15_000 })
    await vi.waitFor(async () => {
      await index.refresh()
      // The bad change is not there; what was there before is.
      const good = new Map(
        [...log.changes].map(([order, change]) => [order, order === 7 || order === 8 ? 1 : change]),
      )
      expect(await indexedChanges(index)).toEqual(good)
    })
    expect(await parkedReasons()).toEqual([
      expect.stringContaining('document order-7: body.title: must be text') as string,
      expect.stringContaining('document order-8: body.title: must be text') as string,
    ])
    await engine.store.drop(orders.name)
  })

  test('a version of the index is built beside the old one while that is read, and takes its place', async () => {
    await using engine = await openEngine(await place())
    await using log = await openOrderLog(inject('servers').postgres, fresh())
    const index = await engine.store.open(orders)
    await log.run([orderIndexer(index)])
    await log.change(Array.from({ length: 30 }, (__, n) => n))
    const next = defineSearchIndex({
      ...orders,
      version: 2,
      fields: { ...orders.fields, even: { kind: 'boolean' } },
    })
    const build = await engine.store.rebuild(next)
    const rebuilding = await log.run([
      defineIndexer({
        name: build.name,
        index: build.index,
        toWrites: ({ data }) => {
          const { order, change } = data as { readonly order: number; readonly change: number }
          const body = { title: `order ${order}`, change, even: order % 2 === 0 }
          return [{ kind: 'index', id: `order-${order}`, body }]
        },
      }),
    ])
    await log.change([1, 2, 3])
    const head = await log.events.log.head()
    expect(await rebuilding.reached(build.name, head)).toBe(true)
    await build.finish()
    const opened = await engine.store.open(next)
    await opened.refresh()
    expect(await opened.count({ where: { field: 'even', is: true } })).toBe(15)
    expect((await opened.search({ where: { field: 'change', is: 2 } })).hits).toHaveLength(3)
    await engine.store.drop(orders.name)
  })

  test('of an erased customer no plaintext is left in the index, nor in one that is built from the log later', async () => {
    await using engine = await openEngine(await place())
    await using log = await openOrderLog(inject('servers').postgres, fresh())
    const index = await engine.store.open(customers)
    const privacy = createPrivacy({
      personal,
      keys: openMemorySubjectKeys(),
      provider: localKeyProvider([{ id: 'm1', key: new Uint8Array(32).fill(1) }]),
      erasers: [searchEraser(index)],
    })
    const store = privacy.protect(log.events)
    for (const [id, name] of [
      ['ada', 'Ada Lovelace'],
      ['bob', 'Bob Lovelace'],
    ] as const)
      await store.append(createStreamId('customer', id), [Customer.CustomerNamed({ name })], {
        expectedVersion: 'any',
      })
    const indexer = (name: string, into: typeof index): Processor =>
      defineIndexer({
        name,
        index: into,
        toWrites: ({ streamId, data }) => {
          const body = { name: (data as { readonly name: string }).name, customer: keyOf(streamId) }
          return [{ kind: 'index', id: streamId, body, payload: { said: body.name } }]
        },
      })
    const decode = createEventDecoder({ decrypt: privacy.decrypt })
    const run = async (processor: Processor): Promise<void> => {
      const processors = { log: store.log, store: log.processors, decode, processors: [processor] }
      await using runtime = createProcessorRuntime(processors)
      await runtime.start()
      expect(await runtime.reached(processor.name, await store.log.head())).toBe(true)
    }
    const found = async (where: typeof index): Promise<readonly unknown[]> => {
      await where.refresh()
      const { hits } = await where.search({ sort: [{ field: 'customer', direction: 'ascending' }] })
      return hits.map(({ body, payload }) => [body.name, payload])
    }
    const bob = ['Bob Lovelace', { said: 'Bob Lovelace' }]
    await run(indexer('customers', index))
    expect(await found(index)).toEqual([['Ada Lovelace', { said: 'Ada Lovelace' }], bob])
    await privacy.erase('ada', { by: 'ann', reason: 'asked for' })
    expect(await found(index)).toEqual([bob])
    const build = await engine.store.rebuild(customers)
    await run(indexer(build.name, build.index))
    expect(await found(build.index)).toEqual([['[erased]', { said: '[erased]' }], bob])
    await engine.store.drop(customers.name)
  })

  test('trap 13: a series of facts keeps each of them, as long as its rules say', async () => {
    await using engine = await openEngine(await place())
    const visits = defineSearchIndex({
      name: 'visits',
      version: 1,
      series: true,
      fields: { page: { kind: 'keyword' } },
    })
    const index = await engine.store.open(visits)
    const visit = async (n: number): Promise<void> => {
      const write = { kind: 'index', id: `v-${n}`, version: n, body: { page: `/${n}` } } as const
      expect(await index.write([write])).toEqual([{ kind: 'written', id: `v-${n}` }])
    }
    const rules = { rollover: { maxDocuments: 2 }, keepClosedMs: 0 }
    await visit(1)
    expect(await maintainIndex(index, rules)).toEqual({ rolledOver: false, dropped: 0, purged: 0 })
    await visit(2)
    expect(await maintainIndex(index, rules)).toEqual({ rolledOver: true, dropped: 1, purged: 0 })
    await visit(3)
    await index.refresh()
    expect((await index.search({})).hits.map(({ id }) => id)).toEqual(['v-3'])
    await engine.store.drop(visits.name)
  })
})

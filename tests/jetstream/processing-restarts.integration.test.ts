import { createEventDecoder } from '@millrace/contracts'
import type { ProcessorStore } from '@millrace/contracts'
import { openPglite, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime, defineAction, defineProcessor } from '@millrace/processing'
import type { Processor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fact, freshStream, upTo } from './support/events.ts'
import { until } from './support/eventually.ts'
import { RawStream } from './support/raw-stream.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { freshName, topologies } from './support/topologies.ts'

const patience = { timeout: 120_000 }
const restarts = 100

describe.each(topologies)('processors over restarts, their state in PGlite, %s', (topology) => {
  const stage = useStage(topology)
  let database: SqlDatabase
  let store: ProcessorStore
  beforeAll(async () => {
    database = await openPglite('memory')
    store = await openProcessorStore({ database })
  })
  afterAll(async () => await database[Symbol.asyncDispose]())

  /** Inserts every event into a table without a key, so that a repeat shows, and delivers it. */
  async function counting(): Promise<{
    readonly processor: Processor
    readonly table: string
    readonly keys: string[]
  }> {
    const table = freshName('counted')
    const keys: string[] = []
    await database.script(`create table ${table} (seq bigserial, n int)`)
    const send = defineAction({
      name: 'send',
      execute: async ({ idempotencyKey }) => {
        keys.push(idempotencyKey)
        return await Promise.resolve({ statusCode: 204 })
      },
    })
    const processor = defineProcessor({
      name: freshName('counting'),
      startFrom: 'beginning',
      actions: [send],
      handle: (batch, context) => {
        for (const envelope of batch) {
          const { n } = envelope.data as { readonly n: number }
          context.write(`insert into ${table} (n) values ($1)`, [n])
          context.deliver('send', envelope)
        }
      },
    })
    return { processor, table, keys }
  }

  test(
    `${restarts} restarts of store and runtime leave no consumer behind, and handle every event once`,
    patience,
    async () => {
      const target = stage().servers.newTarget()
      const { processor, table, keys } = await counting()
      const streamId = freshStream()
      for (const n of upTo(restarts)) {
        await using events = await openTarget(target)
        await using runtime = createProcessorRuntime({
          log: events.log,
          store,
          decode: createEventDecoder(),
          processors: [processor],
          leaseTtlMs: 3_000,
          pollMs: 50,
        })
        await runtime.start()
        await events.append(streamId, [fact(n)], { expectedVersion: n - 1 })
        expect(await runtime.reached(processor.name, await events.log.head())).toBe(true)
      }
      await using raw = await RawStream.open(target)
      // One that was being opened when its store closed is left to the server, which takes five seconds.
      const areGone = async (): Promise<boolean> => (await raw.consumerNames()).length === 0
      await until(areGone, { what: 'the last consumer to be gone' })

      const rows = await database.query<{ n: number }>(`select n from ${table} order by seq`)
      expect(rows.map(({ n }) => n)).toEqual(upTo(restarts))
      const { items } = await store.listDeliveries({ processor: processor.name, limit: 1000 })
      const open = items.filter(({ state }) => state !== 'delivered')
      // A stop may come between a delivery and its settlement: the next run settles it, under the same key.
      expect(new Set(keys).size + open.filter(({ id }) => !keys.includes(id)).length).toBe(restarts)
      expect(new Set(items.map(({ id }) => id)).size).toBe(restarts)
    },
  )
})

import { defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { quickRetry } from './support/recorder.ts'
import { numberOf, openRig } from './support/rig.ts'

describe.each(databaseKinds)('a handler that wants to know what is durable, on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('is called back once for what was recorded, and never for what the database refused', async () => {
    await using rig = await openRig(ledger)
    const table = `${ledger.schema}.${fresh('totals')}`
    await ledger.database.script(`create table ${table} (n int primary key check (n <> 3))`)
    const recorded: number[] = []
    const epochs = new Set<number>()
    const processor = defineProcessor({
      name: fresh('totals'),
      startFrom: 'beginning',
      retry: quickRetry,
      handle: (batch, context) => {
        epochs.add(context.epoch)
        for (const envelope of batch) context.write(`insert into ${table} values ($1)`, [numberOf(envelope)])
        context.recorded(() => recorded.push(...batch.map(numberOf)))
      },
    })
    for (const n of [1, 2, 3, 4, 5]) await rig.append('a', n)
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    expect(recorded).toEqual([1, 2, 4, 5])
    expect([...epochs]).toHaveLength(1)
  })

  test('may fail in that call: what is recorded stays, the status tells of it', async () => {
    await using rig = await openRig(ledger)
    const handled: number[] = []
    const processor = defineProcessor({
      name: fresh('totals'),
      startFrom: 'beginning',
      handle: (batch, context) => {
        handled.push(...batch.map(numberOf))
        context.recorded(() => {
          throw new Error('a callback that fails')
        })
      },
    })
    const runtime = await rig.run([processor])
    for (const n of [1, 2]) {
      await rig.append('a', n)
      expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    }
    expect(handled).toEqual([1, 2])
  })
})

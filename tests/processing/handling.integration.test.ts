import { createStreamId } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { recorder } from './support/recorder.ts'
import { counted, numberOf, openRig, positionOf } from './support/rig.ts'
describe.each(databaseKinds)('handling on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('every stream is handled in its order, however many partitions share the work', async () => {
    await using rig = await openRig(ledger)
    const seen = new Map<string, number[]>()
    const processor = defineProcessor({
      name: fresh('ordered'),
      startFrom: 'beginning',
      partitions: 4,
      handle: (batch) => {
        for (const envelope of batch)
          seen.set(envelope.streamId, [...(seen.get(envelope.streamId) ?? []), numberOf(envelope)])
      },
    })
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    for (const key of keys) await rig.append(key, 0)
    const runtime = await rig.run([processor], { batchSize: 7 })
    for (let n = 1; n < 10; n++) for (const key of keys) await rig.append(key, n)
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    expect(seen.size).toBe(20)
    for (const numbers of seen.values()) expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const reports = await runtime.status()
    expect(reports).toHaveLength(4)
    expect(reports.every(({ state, recordsHandled }) => state === 'running' && recordsHandled > 0)).toBe(true)
    expect(reports.reduce((sum, { recordsHandled }) => sum + recordsHandled, 0)).toBe(200)
  })

  test('a handler gets whole commits', async () => {
    await using rig = await openRig(ledger)
    const { processor, calls } = recorder(() => undefined)
    await rig.append('a', 1, 2, 3)
    await rig.append('b', 4, 5, 6)
    const runtime = await rig.run([processor], { batchSize: 2 })
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    expect(calls).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
  })

  test('a filter narrows what is handled, and the checkpoint passes the rest', async () => {
    await using rig = await openRig(ledger)
    const { processor, calls } = recorder(() => undefined, {
      filter: { types: ['counted'], categories: ['cart'] },
    })
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    const other = createStreamId('order', '1')
    const end = positionOf(await rig.events.append(other, [counted(2)], { expectedVersion: 'any' }))
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(calls.flat()).toEqual([1])
    const stored = async (): Promise<unknown> =>
      (await ledger.store.status()).find((each) => each.processor === processor.name)?.checkpoint.commit
    await eventually(stored).toBe(end.commit)
  })

  test("'now' is resolved once, at the first registration, and kept", async () => {
    await using rig = await openRig(ledger)
    await rig.append('a', 1)
    const { processor, calls } = recorder(() => undefined, { startFrom: 'now' })
    const first = await rig.run([processor])
    await first[Symbol.asyncDispose]()
    const end = await rig.append('a', 2)
    const second = await rig.run([processor])
    expect(await second.reached(processor.name, end)).toBe(true)
    expect(calls.flat()).toEqual([2])
  })

  test('lag counts what is not handled yet, in events and in seconds', async () => {
    await using rig = await openRig(ledger)
    const gate = Promise.withResolvers<void>()
    const processor = defineProcessor({
      name: fresh('held'),
      startFrom: 'beginning',
      handle: () => gate.promise,
    })
    const runtime = await rig.run([processor])
    await rig.append('a', 1, 2, 3)
    const lagging = async (): Promise<boolean> => {
      const [report] = await runtime.status()
      return report?.lag.events === 3 && report.lag.seconds > 0.05
    }
    await eventually(lagging).toBe(true)
    gate.resolve()
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    expect(await runtime.status()).toMatchObject([{ lag: { events: 0, seconds: 0 } }])
  })
})

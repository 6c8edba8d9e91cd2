import { createEventDecoder } from '@millrace/contracts'
import type { EventDecoder } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

describe.each(databaseKinds)('a batch that is decoded while the one before it is handled, on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('is decoded again where it waited long: what was erased meanwhile is not handled', async () => {
    const plain = createEventDecoder()
    const decoded: number[] = []
    let erased = false
    const decode: EventDecoder = (stored) =>
      plain(stored).map((envelope) => {
        decoded.push(numberOf(envelope))
        return erased ? { ...envelope, data: { n: -1 } } : envelope
      })
    await using rig = await openRig(ledger, decode)
    const handled: number[] = []
    const processor = defineProcessor({
      name: fresh('slow'),
      startFrom: 'beginning',
      handle: async (batch) => {
        handled.push(...batch.map(numberOf))
        if (handled.length > 1) return
        await eventually(() => decoded.length).toBe(2)
        erased = true
        const since = performance.now()
        await eventually(() => performance.now() - since > 1_100).toBe(true)
      },
    })
    for (const n of [1, 2, 3]) await rig.append('a', n)
    const runtime = await rig.run([processor], { batchSize: 1 })
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    expect(handled).toEqual([1, -1, -1])
    expect(decoded.filter((n) => n === 2)).toHaveLength(2)
  })
})

import { defineAction, defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

describe.each(databaseKinds)('keeping pace on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  const open = async (processor: string): Promise<number> => {
    const all = await ledger.store.status()
    return all.find((each) => each.processor === processor)?.openDeliveries ?? -1
  }

  test('what waits for a slot is read from the log with its neighbours, not one by one', async () => {
    await using rig = await openRig(ledger)
    let free = Promise.withResolvers<void>()
    const seen = new Set<string>()
    const post = defineAction({
      name: 'post',
      concurrency: 4,
      execute: async ({ idempotencyKey }) => {
        await free.promise
        seen.add(idempotencyKey)
      },
    })
    const processor = defineProcessor({
      name: fresh('waiting'),
      startFrom: 'beginning',
      actions: [post],
      handle: (batch, context) => batch.forEach((envelope) => context.deliver('post', envelope)),
    })
    for (let n = 0; n < 30; n++) await rig.append(`k${n}`, ...Array.from({ length: 10 }, (_, index) => index))
    let ahead = 0
    const clock = { now: Date.now, monotonic: () => performance.now() + ahead }
    const runtime = await rig.run([processor], { clock })
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    // Longer than anything may be kept at hand.
    ahead = 1_100
    const single = vi.spyOn(rig.log, 'readAt')
    free.resolve()
    await eventually(() => seen.size).toBe(300)
    expect(single.mock.calls.length).toBeLessThan(30)
    free = Promise.withResolvers()
  })

  test('what was started ahead and not begun goes back to the ledger when the owner stops', async () => {
    await using rig = await openRig(ledger)
    let hang: Promise<void> | undefined
    const post = defineAction({
      name: 'post',
      concurrency: 2,
      execute: async ({ signal }) => {
        if (hang === undefined) return
        await Promise.race([
          hang,
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
        ])
      },
    })
    const processor = defineProcessor({
      name: fresh('ahead'),
      startFrom: 'beginning',
      actions: [post],
      handle: (batch, context) => batch.forEach((envelope) => context.deliver('post', envelope)),
    })
    const runtime = await rig.run([processor], { stopGraceMs: 500 })
    // Quick attempts first: from then on more are started than there are slots.
    for (let n = 0; n < 20; n++) await rig.append('a', ...Array.from({ length: 100 }, (_, index) => index))
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    await eventually(() => open(processor.name)).toBe(0)
    hang = new Promise(() => undefined)
    await rig.append('a', ...Array.from({ length: 100 }, (_, index) => index))
    await eventually(() => open(processor.name)).toBe(100)
    await runtime[Symbol.asyncDispose]()
    hang = undefined
    const next = await rig.run([processor])
    await eventually(() => open(processor.name)).toBe(0)
    const { items } = await ledger.store.listDeliveries({ processor: processor.name, limit: 200 })
    const unknown = items.filter(({ attempts }) => attempts.some(({ outcome }) => outcome === 'unknown'))
    // Only those that hung when it stopped may have happened.
    expect(unknown.length).toBeLessThanOrEqual(2)
    await next[Symbol.asyncDispose]()
  })

  test('a pure handler that asks for nothing saves its place within a second, with the count of what it saw', async () => {
    await using rig = await openRig(ledger)
    const processor = defineProcessor({
      name: fresh('pure'),
      startFrom: 'beginning',
      pure: true,
      actions: [defineAction({ name: 'post', execute: async () => undefined })],
      handle: (batch, context) => {
        for (const envelope of batch) if (numberOf(envelope) === 7) context.deliver('post', envelope)
      },
    })
    const advances = vi.spyOn(ledger.store, 'advance')
    const runtime = await rig.run([processor], { batchSize: 5 })
    for (let n = 0; n < 7; n++) await rig.append('a', 0, 1, 2, 3, 4)
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    const mine = (): number =>
      advances.mock.calls.filter(([lease]) => lease.processor === processor.name).length
    expect(mine()).toBeLessThanOrEqual(1)
    const stored = async (): Promise<unknown> => {
      const status = (await ledger.store.status()).find((each) => each.processor === processor.name)
      return [status?.checkpoint.commit, status?.recordsHandled]
    }
    await eventually(stored).toEqual([(await rig.log.head()).commit, 35])
    // What it asks for is recorded at once, with what went before.
    await rig.append('a', 1)
    const asked = await rig.append('a', 7)
    await eventually(stored).toEqual([asked.commit, 37])
    advances.mockRestore()
    await runtime[Symbol.asyncDispose]()
  })
})

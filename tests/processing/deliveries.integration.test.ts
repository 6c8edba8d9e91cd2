import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { courier, deliveriesOf, tally } from './support/courier.ts'
import { databaseKinds, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

const succeed = async (): Promise<void> => undefined
const hang = (): Promise<void> => new Promise(() => undefined)
const fail = async (): Promise<never> => {
  throw new Error('no luck')
}

describe.each(databaseKinds)('deliveries on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })
  const counts = (processor: string): Promise<Readonly<Record<string, number>>> =>
    tally(ledger.store, processor)

  test('what a handler asks for is delivered once, with one idempotency key and the status of the answer', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({ post: { execute: async () => ({ statusCode: 202 }) } })
    await rig.run([processor])
    await rig.append('a', 1, 2, 3)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 3 })
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 1, 1])
    const deliveries = await deliveriesOf(ledger.store, processor.name)
    expect(new Set(seen.map(({ key }) => key))).toEqual(new Set(deliveries.map(({ id }) => id)))
    expect(deliveries[0]?.attempts).toMatchObject([{ number: 1, outcome: 'delivered', statusCode: 202 }])
    expect(deliveries[0]?.key).toBe('cart-a')
  })

  test('an action gets the decoded event, also at a later attempt', async () => {
    await using rig = await openRig(ledger)
    const numbers: number[] = []
    const { processor } = courier({
      post: {
        execute: async ({ envelope, attempt }) => {
          numbers.push(numberOf(envelope))
          if (attempt === 1) throw new Error('again')
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 7)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1 })
    expect(numbers).toEqual([7, 7])
  })

  test('only the failed action is retried, never its siblings', async () => {
    await using rig = await openRig(ledger)
    const { processor, of } = courier({
      mail: { execute: succeed },
      post: { execute: async ({ attempt }) => (attempt < 3 ? await fail() : undefined) },
      slack: { execute: succeed },
    })
    await rig.run([processor])
    await rig.append('a', 1, 2)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 6 })
    expect([of('mail'), of('post'), of('slack')].map(({ length }) => length)).toEqual([2, 6, 2])
    expect(new Set(of('post').map(({ key }) => key)).size).toBe(2)
  })

  test('an endpoint that hangs stalls nothing but its own slots', async () => {
    await using rig = await openRig(ledger)
    const { processor, of } = courier({
      hanging: { execute: hang, timeoutMs: 30_000, concurrency: 2 },
      quick: { execute: succeed },
    })
    const other = courier({ quick: { execute: succeed } })
    const runtime = await rig.run([processor, other.processor], { stopGraceMs: 50 })
    for (let n = 0; n < 20; n++) await rig.append('a', n)
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    await eventually(async () => (await counts(processor.name))['delivered']).toBe(20)
    await eventually(() => counts(other.processor.name)).toEqual({ delivered: 20 })
    expect(of('hanging')).toHaveLength(2)
    expect((await runtime.status()).find((each) => each.processor === processor.name)).toMatchObject({
      inFlight: 2,
      openDeliveries: 20,
    })
  })

  test('a long backlog is worked off with no more attempts at once than there are slots', async () => {
    await using rig = await openRig(ledger)
    let [now, most] = [0, 0]
    const { processor, seen } = courier(
      {
        post: {
          concurrency: 8,
          execute: async () => {
            most = Math.max(most, ++now)
            await new Promise((resolve) => setImmediate(resolve))
            now--
          },
        },
      },
      { partitions: 3 },
    )
    for (let n = 0; n < 40; n++) await rig.append(`k${n}`, ...Array.from({ length: 20 }, (_, index) => index))
    const settles = vi.spyOn(ledger.store, 'settle')
    await rig.run([processor])
    await eventually(() => seen.length).toBe(800)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 800 })
    // Ends and starts are recorded together, many at a time.
    expect(settles.mock.calls.length).toBeLessThan(500)
    settles.mockRestore()
    expect(most).toBe(8)
    expect(new Set(seen.map(({ key }) => key)).size).toBe(800)
    expect(seen).toHaveLength(800)
  })

  test('a record handled again does not open its deliveries again', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({ post: { execute: succeed } })
    const runtime = await rig.run([processor])
    const end = await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1 })
    await runtime[Symbol.asyncDispose]()
    // What a reset does.
    await ledger.database.execute(
      `update ${ledger.schema}.processor_partitions set handled_commit = checkpoint_commit, checkpoint_commit = 0, checkpoint_index = 0 where processor = $1`,
      [processor.name],
    )
    const again = await rig.run([processor])
    await rig.append('a', 2)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 2 })
    expect(await again.reached(processor.name, end)).toBe(true)
    expect(seen).toHaveLength(2)
  })
})

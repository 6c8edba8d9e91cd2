import { createEventDecoder } from '@millrace/contracts'
import { createProcessorRuntime, defineProcessor } from '@millrace/processing'
import type { ProcessingFact } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { countedLog } from './support/counted-log.ts'
import { courier, deliveriesOf, tally } from './support/courier.ts'
import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

const succeed = async (): Promise<void> => undefined

describe.each(databaseKinds)('operating on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  function recorder() {
    const numbers: number[] = []
    const processor = defineProcessor({
      name: fresh('recorder'),
      startFrom: 'beginning',
      handle: (batch) => void numbers.push(...batch.map(numberOf)),
    })
    return { processor, numbers }
  }

  test('a paused processor handles nothing until it is resumed, and then everything', async () => {
    await using rig = await openRig(ledger)
    const { processor, numbers } = recorder()
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    expect(await runtime.pause(processor.name, 'ops')).toBe(true)
    await eventually(async () => (await runtime.status())[0]?.state).toBe('paused')
    expect((await runtime.status())[0]?.owner).toBeUndefined()
    const end = await rig.append('a', 2)
    expect(await runtime.reached(processor.name, end, { timeoutMs: 200 })).toBe(false)
    expect(numbers).toEqual([1])
    expect(await runtime.resume(processor.name, 'ops')).toBe(true)
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(numbers).toEqual([1, 2])
    expect(await runtime.pause('unknown')).toBe(false)
  })

  test('a pause asked for elsewhere, through the store, is heard', async () => {
    await using rig = await openRig(ledger)
    const { processor, numbers } = recorder()
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    await ledger.store.setPaused(processor.name, { paused: true, by: 'cli' })
    await eventually(async () => (await runtime.status())[0]?.state).toBe('paused')
    const end = await rig.append('a', 2)
    await ledger.store.setPaused(processor.name, { paused: false, by: 'cli' })
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(numbers).toEqual([1, 2])
  })

  test('a pause lets attempts under way end and be recorded', async () => {
    await using rig = await openRig(ledger)
    const gate = Promise.withResolvers<void>()
    const { processor, seen } = courier({ post: { execute: () => gate.promise, concurrency: 1 } })
    const runtime = await rig.run([processor])
    await rig.append('a', 1, 2)
    await eventually(() => seen.length).toBe(1)
    await runtime.pause(processor.name)
    gate.resolve()
    await eventually(async () => (await runtime.status())[0]?.state).toBe('paused')
    expect(await tally(ledger.store, processor.name)).toEqual({ delivered: 1, open: 1 })
    expect(seen).toHaveLength(1)
    await runtime.resume(processor.name)
    await eventually(() => tally(ledger.store, processor.name)).toEqual({ delivered: 2 })
  })

  test('a stop ends within a second, whatever hangs, and gives the leases back', async () => {
    await using rig = await openRig(ledger)
    const hanging = courier({ post: { execute: () => new Promise(() => undefined) } })
    const stuck = defineProcessor({
      name: fresh('stuck'),
      startFrom: 'beginning',
      handle: () => new Promise<void>(() => undefined),
    })
    const runtime = await rig.run([hanging.processor, stuck])
    await rig.append('a', 1)
    await eventually(() => hanging.seen.length).toBe(1)
    const from = performance.now()
    await runtime[Symbol.asyncDispose]()
    expect(performance.now() - from).toBeLessThan(1_200)
    const mine = (await ledger.store.status()).filter((each) =>
      [hanging.processor.name, stuck.name].includes(each.processor),
    )
    expect(mine.map(({ owner }) => owner)).toEqual([undefined, undefined])
    expect(await deliveriesOf(ledger.store, hanging.processor.name)).toMatchObject([
      { inFlight: true, attempts: [] },
    ])

    const next = courier({ post: { execute: succeed } })
    await rig.run([{ ...hanging.processor, actions: next.processor.actions }])
    await eventually(() => tally(ledger.store, hanging.processor.name)).toEqual({ delivered: 1 })
    expect(await deliveriesOf(ledger.store, hanging.processor.name)).toMatchObject([
      {
        attempts: [
          { number: 1, outcome: 'unknown' },
          { number: 2, outcome: 'delivered' },
        ],
      },
    ])
    expect(next.seen).toMatchObject([{ attempt: 2, key: hanging.seen[0]?.key }])
  })

  test('a stop lets what is nearly done be recorded', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({
      post: { execute: () => new Promise((resolve) => setTimeout(resolve, 150)) },
    })
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => seen.length).toBe(1)
    await runtime[Symbol.asyncDispose]()
    expect(await tally(ledger.store, processor.name)).toEqual({ delivered: 1 })
  })

  test('nothing is left running after the runtime is closed', async () => {
    await using rig = await openRig(ledger)
    const active = (): string[] => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
    const { processor } = recorder()
    const post = courier({ post: { execute: succeed } })
    await rig.append('a', 1)
    const before = active().length
    const runtime = await rig.run([processor, post.processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 2))).toBe(true)
    await eventually(() => tally(ledger.store, post.processor.name)).toEqual({ delivered: 2 })
    await runtime[Symbol.asyncDispose]()
    expect(active().length).toBeLessThanOrEqual(before)
    expect(await runtime.reached(processor.name, await rig.append('a', 3), { timeoutMs: 5_000 })).toBe(false)
    await expect(runtime.start()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test('facts tell the story of a delivery and of a batch', async () => {
    await using rig = await openRig(ledger)
    const { processor } = courier({
      post: {
        execute: async ({ attempt }) => {
          if (attempt === 1) throw new Error('no')
        },
      },
    })
    const runtime = createProcessorRuntime({
      log: rig.log,
      store: ledger.store,
      decode: createEventDecoder(),
      processors: [processor],
    })
    const facts: ProcessingFact[] = []
    const stopListening = runtime.onChange((fact) => facts.push(fact))
    await runtime.start()
    await rig.append('a', 1)
    await eventually(() => tally(ledger.store, processor.name)).toEqual({ delivered: 1 })
    const changes = (): unknown[] =>
      facts.flatMap((fact) => (fact.kind === 'delivery-changed' ? [[fact.change, fact.attempt]] : []))
    await eventually(() => changes().length).toBe(5)
    expect(changes()).toEqual([
      ['opened', undefined],
      ['started', 1],
      ['retrying', 1],
      ['started', 2],
      ['delivered', 2],
    ])
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'processor-advanced', records: 1 }))
    stopListening()
    await runtime[Symbol.asyncDispose]()
    expect(facts).not.toContainEqual(expect.objectContaining({ kind: 'partition-changed', state: 'stopped' }))
  })

  test('processors that have caught up share one reading of the log', async () => {
    await using rig = await openRig(ledger)
    const { log, readings } = countedLog(rig.log)
    const recorders = [recorder(), recorder(), recorder()]
    const runtime = await rig.run(
      recorders.map(({ processor }) => processor),
      { log },
    )
    const caughtUp = async (): Promise<void> => {
      const head = await rig.log.head()
      for (const { processor } of recorders) expect(await runtime.reached(processor.name, head)).toBe(true)
    }
    await rig.append('a', 0)
    await caughtUp()
    const before = readings()
    for (let n = 1; n <= 20; n++) {
      await rig.append('a', n)
      await caughtUp()
    }
    // Two for each commit: the one that finds it, and the one that finds nothing after it.
    expect(readings() - before).toBeLessThanOrEqual(2 * 20 + 3)
    for (const { numbers } of recorders) expect(numbers).toEqual(Array.from({ length: 21 }, (_, n) => n))
  })

  test('a processor that lags reads alone and joins again', async () => {
    await using rig = await openRig(ledger)
    const gate = Promise.withResolvers<void>()
    const quick = recorder()
    const numbers: number[] = []
    const slow = defineProcessor({
      name: fresh('slow'),
      startFrom: 'beginning',
      handle: async (batch) => {
        await gate.promise
        numbers.push(...batch.map(numberOf))
      },
    })
    const runtime = await rig.run([quick.processor, slow], { batchSize: 100 })
    await rig.append('a', 0)
    for (let n = 0; n < 60; n++)
      await rig.append('a', ...Array.from({ length: 100 }, (_, index) => n * 100 + index + 1))
    const head = await rig.log.head()
    expect(await runtime.reached(quick.processor.name, head)).toBe(true)
    gate.resolve()
    expect(await runtime.reached(slow.name, head)).toBe(true)
    const end = await rig.append('a', 6_001)
    expect(await runtime.reached(slow.name, end)).toBe(true)
    const all = Array.from({ length: 6_002 }, (_, n) => n)
    expect(numbers).toEqual(all)
    expect(quick.numbers).toEqual(all)
  })

  test('timers and sockets are served while a long log is caught up with', async () => {
    await using rig = await openRig(ledger)
    const { processor, numbers } = recorder()
    for (let n = 0; n < 400; n++) await rig.append('a', n)
    const runtime = await rig.run([processor], { batchSize: 2 })
    let [served, head] = [0, false]
    const timer = setInterval(() => served++, 1)
    const reached = runtime.reached(processor.name, await rig.log.head()).finally(() => (head = true))
    await eventually(() => served).toBeGreaterThan(5)
    expect(head).toBe(false)
    expect(await reached).toBe(true)
    clearInterval(timer)
    expect(numbers).toHaveLength(400)
  })

  test('a log that fails is reported and read again', async () => {
    await using rig = await openRig(ledger)
    const { log, breakFor } = countedLog(rig.log)
    const { processor, numbers } = recorder()
    const runtime = await rig.run([processor], { log })
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    const failures = breakFor(3)
    runtime.wake()
    const end = await rig.append('a', 2)
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(failures()).toBe(3)
    expect(numbers).toEqual([1, 2])
    expect(await runtime.status()).toMatchObject([{ state: 'running', lastError: 'the log is away' }])
  })

  test('settings that contradict what is registered are refused at the start, and nothing runs', async () => {
    await using rig = await openRig(ledger)
    const { processor } = recorder()
    await rig.run([processor])
    await expect(rig.run([{ ...processor, partitions: 2 }])).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })

  test('a processor of another runtime is not waited for', async () => {
    await using rig = await openRig(ledger)
    const { processor } = recorder()
    const runtime = await rig.run([processor])
    await expect(runtime.reached('other', await rig.log.head())).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})

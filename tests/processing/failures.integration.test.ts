import { createEventDecoder, createStreamId } from '@millrace/contracts'
import { ActionError } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { countedLog } from './support/counted-log.ts'
import { courier, deadLettersOf, deliveriesOf, quickRetry, tally } from './support/courier.ts'
import { databaseKinds, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

const succeed = async (): Promise<void> => undefined
const hang = (): Promise<void> => new Promise(() => undefined)
const fail = async (): Promise<never> => {
  throw new Error('no luck')
}

describe.each(databaseKinds)('failed attempts on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })
  const counts = (processor: string): Promise<Readonly<Record<string, number>>> =>
    tally(ledger.store, processor)

  test('trap 9: the retry schedule is kept, and no slot is held while waiting', async () => {
    await using rig = await openRig(ledger)
    const { processor, of } = courier({
      post: {
        execute: async ({ envelope }) => (numberOf(envelope) === 1 ? await fail() : undefined),
        retry: { shape: 'linear', initialMs: 150, jitter: 'none', maxAttempts: 3 },
        concurrency: 1,
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => of('post').length).toBe(1)
    await rig.append('a', 2)
    await eventually(async () => (await counts(processor.name))['delivered']).toBe(1)
    expect(of('post')).toHaveLength(2)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1, dead: 1 })
    const times = of('post')
      .filter(({ key }) => key === of('post')[0]?.key)
      .map(({ at }) => at)
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(gaps[0]).toBeGreaterThanOrEqual(148)
    expect(gaps[0]).toBeLessThan(1_500)
    expect(gaps[1]).toBeGreaterThanOrEqual(298)
    expect(gaps[1]).toBeLessThan(1_500)
  })

  test('an action whose attempts are used up is a dead letter with every attempt and a copy of its record', async () => {
    await using rig = await openRig(ledger)
    const { processor } = courier({
      post: {
        execute: async ({ attempt }) => {
          throw attempt === 2 ? ActionError.fromStatus(503) : new Error('password=hunter2 refused')
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ dead: 1 })
    const [letter] = await deadLettersOf(ledger.store, processor.name)
    expect(letter).toMatchObject({
      action: 'post',
      reason: 'failed 3 times, last: password=*** refused',
      record: { payload: '{"n":1}', description: { type: 'counted', stream: 'cart-a' } },
      attempts: [
        { number: 1, outcome: 'failed', error: 'password=*** refused' },
        { number: 2, outcome: 'failed', statusCode: 503 },
        { number: 3, outcome: 'failed' },
      ],
    })
  })

  test('a permanent failure is a dead letter at once', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({
      post: {
        execute: async () => {
          throw ActionError.fromStatus(404)
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ dead: 1 })
    expect(seen).toHaveLength(1)
  })

  test('a retried dead letter runs that action only, comes back if it fails again, and leaves once it succeeds', async () => {
    await using rig = await openRig(ledger)
    let broken = true
    const { processor, of } = courier({
      mail: { execute: succeed },
      post: {
        execute: async () => (broken ? await fail() : undefined),
        retry: { ...quickRetry, maxAttempts: 2 },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await rig.append('a', 2)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 2, dead: 2 })
    const [first, second] = await deadLettersOf(ledger.store, processor.name)
    const id = first?.id ?? ''

    expect(await ledger.store.deadLetters.retry(id, 'ops')).toBe(true)
    await eventually(() => of('post').length).toBe(5)
    await eventually(
      async () =>
        (await deadLettersOf(ledger.store, processor.name)).find((each) => each.id === id)?.attempts,
    ).toMatchObject([{ number: 1 }, { number: 2 }, { number: 3, outcome: 'failed' }])

    broken = false
    expect(await ledger.store.deadLetters.retry(id, 'ops')).toBe(true)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 3, dead: 1 })
    expect(of('mail')).toHaveLength(2)
    expect(of('post').filter(({ key }) => key === second?.id)).toHaveLength(2)
    expect(
      of('post')
        .filter(({ key }) => key === id)
        .map(({ attempt }) => attempt),
    ).toEqual([1, 2, 3, 4])
    expect((await deadLettersOf(ledger.store, processor.name)).map((each) => each.id)).toEqual([second?.id])
  })

  test('an unreachable destination defers without counting, and is dead when the delivery is too old', async () => {
    await using rig = await openRig(ledger)
    const unreachable = async (): Promise<never> => {
      throw new ActionError('connect ECONNREFUSED', { kind: 'unreachable' })
    }
    const { processor, of } = courier({
      later: { execute: async () => (of('later').length < 6 ? await unreachable() : undefined) },
      never: { execute: unreachable, maxAgeMs: 100 },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1, dead: 1 })
    expect(of('later')).toHaveLength(6)
    const delivered = (await deliveriesOf(ledger.store, processor.name)).find(
      ({ state }) => state === 'delivered',
    )
    expect(delivered?.attempts).toMatchObject([{ number: 1, outcome: 'delivered' }])
    const [letter] = await deadLettersOf(ledger.store, processor.name)
    expect(letter?.reason).toMatch(/could not be reached for \d+ ms/)
  })

  test('Retry-After is kept', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({
      post: {
        execute: async ({ attempt }) => {
          if (attempt === 1) throw ActionError.fromStatus(429, 300)
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1 })
    expect((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0)).toBeGreaterThanOrEqual(298)
  })

  test('an attempt that takes too long has failed, its slot is free again, and its signal says so', async () => {
    await using rig = await openRig(ledger)
    let aborted = 0
    const { processor, seen } = courier({
      post: {
        concurrency: 1,
        timeoutMs: 40,
        execute: async ({ attempt, signal }) => {
          signal.addEventListener('abort', () => aborted++)
          if (attempt < 3) await hang()
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1 })
    expect(seen).toHaveLength(3)
    expect(aborted).toBe(2)
    const [delivery] = await deliveriesOf(ledger.store, processor.name)
    expect(delivery?.attempts).toMatchObject([
      { outcome: 'failed', error: 'timed out after 40 ms' },
      { outcome: 'failed', error: 'timed out after 40 ms' },
      { outcome: 'delivered' },
    ])
  })

  test('a delivery whose record is gone is cancelled and says why', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier(
      {
        post: { execute: fail, retry: { shape: 'fixed', initialMs: 200, jitter: 'none', maxAttempts: 5 } },
      },
      { filter: { types: ['counted'] } },
    )
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ retrying: 1 })
    await rig.events.tombstone(createStreamId('cart', 'a'), { expectedVersion: 'any', reason: 'erased' })
    await eventually(() => counts(processor.name)).toEqual({ cancelled: 1 })
    expect(seen).toHaveLength(1)
    const [delivery] = await deliveriesOf(ledger.store, processor.name)
    expect(delivery?.attempts.at(-1)?.error).toBe('the record is no longer in the log')
  })

  test('a record that cannot be read just now puts the delivery off without counting', async () => {
    await using rig = await openRig(ledger)
    const { log, breakRecordsFor } = countedLog(rig.log)
    const { processor, seen } = courier({
      post: { execute: async ({ attempt }) => (attempt === 1 ? await fail() : undefined) },
    })
    const failures = breakRecordsFor(1)
    await rig.run([processor], { log })
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ delivered: 1 })
    expect(failures()).toBe(1)
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2])
    const [delivery] = await deliveriesOf(ledger.store, processor.name)
    expect(delivery?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'delivered'])
  })

  test('a record that no longer decodes is a dead letter with its bytes', async () => {
    const decodeJson = createEventDecoder()
    let readable = true
    await using rig = await openRig(ledger, (stored) =>
      decodeJson(readable ? stored : { ...stored, payload: '{' }),
    )
    const { processor, seen } = courier({
      post: {
        execute: async () => {
          readable = false
          throw new Error('again')
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ dead: 1 })
    expect(seen).toHaveLength(1)
    const [letter] = await deadLettersOf(ledger.store, processor.name)
    expect(letter?.reason).toMatch(/cannot be read/)
    expect(letter?.record?.payload).toBe('{"n":1}')
  })

  test('a record that decodes to something else by now cancels', async () => {
    const decodeJson = createEventDecoder()
    let known = true
    await using rig = await openRig(ledger, (stored) => (known ? decodeJson(stored) : []))
    const { processor } = courier({
      post: {
        execute: async () => {
          known = false
          throw new Error('again')
        },
      },
    })
    await rig.run([processor])
    await rig.append('a', 1)
    await eventually(() => counts(processor.name)).toEqual({ cancelled: 1 })
  })

  test('an action that must not repeat is a dead letter when a stop cuts it off', async () => {
    await using rig = await openRig(ledger)
    const { processor, seen } = courier({ pay: { execute: hang, afterUnknown: 'dead-letter' } })
    const runtime = await rig.run([processor], { stopGraceMs: 50 })
    await rig.append('a', 1)
    await eventually(() => seen.length).toBe(1)
    await runtime[Symbol.asyncDispose]()
    await rig.run([processor])
    await eventually(() => counts(processor.name)).toEqual({ dead: 1 })
    expect(await deadLettersOf(ledger.store, processor.name)).toMatchObject([
      { attempts: [{ outcome: 'unknown' }] },
    ])
    expect(seen).toHaveLength(1)
  })
})

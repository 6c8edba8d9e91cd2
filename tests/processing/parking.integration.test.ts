import {
  ConnectionError,
  EventSerializationError,
  createEventDecoder,
  createStreamId,
  formatPosition,
} from '@millrace/contracts'
import type { Envelope, ParkedRecord } from '@millrace/contracts'
import { defineAction, defineProcessor } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { databaseKinds, fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { quickRetry, recorder } from './support/recorder.ts'
import { numberOf, openRig } from './support/rig.ts'
describe.each(databaseKinds)('parking on %s', (kind) => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger(kind)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  async function parkedOf(processor: string): Promise<readonly ParkedRecord[]> {
    const { items } = await ledger.store.deadLetters.list({ processor, kind: 'parked' })
    return items.filter((item) => item.kind === 'parked')
  }

  test('the read model and the checkpoint move together or not at all', async () => {
    await using rig = await openRig(ledger)
    const table = `${ledger.schema}.${fresh('totals')}`
    await ledger.database.script(`create table ${table} (n int primary key, version int not null)`)
    const processor = defineProcessor({
      name: fresh('totals'),
      startFrom: 'beginning',
      retry: quickRetry,
      handle: (batch, context) => {
        for (const envelope of batch) {
          context.write(`insert into ${table} values ($1, $2)`, [numberOf(envelope), envelope.version])
          if (numberOf(envelope) === 3) context.write(`insert into ${table} values ($1, $2)`, [3, null])
        }
      },
    })
    const runtime = await rig.run([processor])
    for (const n of [1, 2, 3, 4]) await rig.append('a', n)
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    const rows = await ledger.database.query<{ n: number }>(`select n from ${table} order by n`)
    expect(rows.map(({ n }) => n)).toEqual([1, 2, 4])
    const parked = await parkedOf(processor.name)
    expect(parked.map(({ record }) => record.payload)).toEqual(['{"n":3}'])
    expect(parked[0]?.reason).toMatch(/null/i)
  })

  test("a commit's writes are one: if the database refuses them, its events that wrote are parked, the others are not", async () => {
    await using rig = await openRig(ledger)
    const table = `${ledger.schema}.${fresh('totals')}`
    await ledger.database.script(`create table ${table} (n int not null)`)
    const post = defineAction({ name: 'post', execute: async () => undefined })
    const processor = defineProcessor({
      name: fresh('totals'),
      startFrom: 'beginning',
      actions: [post],
      handle: (batch, context) => {
        for (const envelope of batch) {
          const n = numberOf(envelope)
          if (n === 3) context.deliver('post', envelope)
          else context.write(`insert into ${table} values ($1)`, [n === 2 ? null : n])
        }
      },
    })
    const runtime = await rig.run([processor])
    await rig.append('a', 1, 2, 3)
    expect(await runtime.reached(processor.name, await rig.append('a', 4))).toBe(true)
    expect(await ledger.database.query(`select n from ${table}`)).toEqual([{ n: 4 }])
    expect((await parkedOf(processor.name)).map(({ record }) => record.payload)).toEqual([
      '{"n":1}',
      '{"n":2}',
    ])
    await eventually(
      async () => (await ledger.store.listDeliveries({ processor: processor.name })).items,
    ).toMatchObject([{ state: 'delivered' }])
  })

  test('a write that the database refuses for a while is repeated by the policy, and nothing is parked', async () => {
    await using rig = await openRig(ledger)
    const table = `${ledger.schema}.${fresh('totals')}`
    // Counts tries, for a sequence does not roll back: the first two divide by zero.
    await ledger.database.script(`create table ${table} (n int not null); create sequence ${table}_tries`)
    const refusedTwice = `insert into ${table} select $1::int / (nextval('${table}_tries') / 3)::int`
    const processor = defineProcessor({
      name: fresh('totals'),
      startFrom: 'beginning',
      retry: quickRetry,
      handle: (batch, context) => {
        for (const envelope of batch) context.write(refusedTwice, [numberOf(envelope)])
      },
    })
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 7))).toBe(true)
    expect(await ledger.database.query(`select n from ${table}`)).toEqual([{ n: 7 }])
    expect(await parkedOf(processor.name)).toEqual([])
  })

  test('a stop between two attempts of a handler parks nothing and passes nothing over', async () => {
    await using rig = await openRig(ledger)
    const slowRetry = {
      shape: 'fixed',
      initialMs: 60_000,
      capMs: 60_000,
      jitter: 'none',
      maxAttempts: 3,
    } as const
    let broken = true
    const { processor, calls } = recorder(() => (broken ? new Error('not yet') : undefined), {
      retry: slowRetry,
    })
    const runtime = await rig.run([processor])
    const end = await rig.append('a', 1)
    await eventually(() => calls.length).toBe(1)
    const from = performance.now()
    await runtime[Symbol.asyncDispose]()
    expect(performance.now() - from).toBeLessThan(1_000)
    broken = false
    const next = await rig.run([processor])
    expect(await next.reached(processor.name, end)).toBe(true)
    expect(calls).toEqual([[1], [1]])
    expect(await parkedOf(processor.name)).toEqual([])
  })

  test('a failing handler parks exactly the event that fails, after the attempts of its policy', async () => {
    await using rig = await openRig(ledger)
    const { processor, calls } = recorder((numbers) =>
      numbers.includes(5) ? new Error('five is odd') : undefined,
    )
    await rig.append('a', 1, 2)
    await rig.commit(['a', 3], ['b', 4], ['c', 5], ['d', 6])
    const end = await rig.append('a', 7)
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, end)).toBe(true)
    const parked = await parkedOf(processor.name)
    expect(parked).toHaveLength(1)
    expect(parked[0]).toMatchObject({
      processor: processor.name,
      reason: 'five is odd',
      record: {
        payload: '{"n":5}',
        contentType: 'application/json',
        description: { type: 'counted', stream: 'cart-c' },
      },
    })
    expect(calls).toEqual([[1, 2, 3, 4, 5, 6, 7], [1, 2], [3, 4, 5, 6], [3], [4], [5], [5], [5], [6], [7]])
    expect(await runtime.status()).toMatchObject([
      { parkedRecords: 1, lastError: 'five is odd', state: 'running' },
    ])
  })

  test('an event that is handled at the second attempt is not parked', async () => {
    await using rig = await openRig(ledger)
    let failures = 2
    const { processor, calls } = recorder(() => (failures-- > 0 ? new Error('not yet') : undefined))
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    expect(await parkedOf(processor.name)).toEqual([])
    expect(calls).toEqual([[1], [1], [1]])
  })

  test('an error that says no repetition helps parks at once', async () => {
    await using rig = await openRig(ledger)
    const { processor, calls } = recorder(() => new EventSerializationError('counted', 'its data is wrong'))
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 1))).toBe(true)
    expect(calls).toHaveLength(1)
    expect(await parkedOf(processor.name)).toMatchObject([{ reason: 'event counted: its data is wrong' }])
  })

  test('while something the handler needs is away, nothing is parked and nothing passed over', async () => {
    await using rig = await openRig(ledger)
    let away = 4
    const { processor, calls } = recorder(() =>
      away-- > 0 ? new ConnectionError('search is away') : undefined,
    )
    const runtime = await rig.run([processor])
    const end = await rig.append('a', 1, 2)
    await eventually(async () => (await runtime.status())[0]?.state).toBe('failing')
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(calls).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(await parkedOf(processor.name)).toEqual([])
    expect(await runtime.status()).toMatchObject([{ state: 'running', lastError: 'search is away' }])
  })

  test('a handler that takes too long has failed, and its signal says so', async () => {
    await using rig = await openRig(ledger)
    let aborted = 0
    const processor = defineProcessor({
      name: fresh('slow'),
      startFrom: 'beginning',
      timeoutMs: 30,
      retry: { ...quickRetry, maxAttempts: 2 },
      handle: async (batch, { signal }) => {
        signal.addEventListener('abort', () => aborted++)
        if (numberOf(batch[0] ?? { data: undefined }) === 1) await new Promise(() => undefined)
      },
    })
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    expect(await runtime.reached(processor.name, await rig.append('a', 2))).toBe(true)
    const parked = await parkedOf(processor.name)
    expect(parked).toHaveLength(1)
    expect(parked[0]?.reason).toMatch(/took longer than 30 ms/)
    expect(aborted).toBeGreaterThanOrEqual(2)
  })

  test('trap 6: a malformed record is parked at once with its raw bytes and its place, and the log goes on', async () => {
    const decodeJson = createEventDecoder()
    await using rig = await openRig(ledger, (stored) =>
      decodeJson(stored.payload === '{"n":2}' ? { ...stored, payload: '{"n":' } : stored),
    )
    const { processor, calls } = recorder(() => undefined)
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    const place = await rig.append('a', 2)
    expect(await runtime.reached(processor.name, await rig.append('a', 3))).toBe(true)
    expect(calls.flat()).toEqual([1, 3])
    const [parked] = await parkedOf(processor.name)
    expect(parked).toMatchObject({ position: place, record: { payload: '{"n":2}' }, tries: 1 })
    expect(parked?.record.description['position']).toBe(formatPosition(place))
    expect(parked?.reason).toMatch(/cannot be read/)
  })

  test('a parked record is handled again on request: once, alone, and not at the cost of the checkpoint', async () => {
    await using rig = await openRig(ledger)
    let broken = true
    const { processor, calls } = recorder(
      (numbers) => (broken && numbers.includes(2) ? new Error('broken') : undefined),
      {
        retry: { ...quickRetry, maxAttempts: 1 },
      },
    )
    const runtime = await rig.run([processor])
    const end = await rig.append('a', 1)
    await rig.append('a', 2)
    await rig.append('a', 3)
    expect(await runtime.reached(processor.name, end)).toBe(true)
    await eventually(async () => (await parkedOf(processor.name)).length).toBe(1)
    const [parked] = await parkedOf(processor.name)
    const id = parked?.id ?? ''

    expect(await ledger.store.deadLetters.retry(id, 'ops')).toBe(true)
    await eventually(async () => (await parkedOf(processor.name))[0]?.tries).toBe(2)
    expect(await parkedOf(processor.name)).toMatchObject([{ id, retryRequested: false, reason: 'broken' }])

    broken = false
    calls.length = 0
    expect(await ledger.store.deadLetters.retry(id, 'ops')).toBe(true)
    await eventually(async () => (await parkedOf(processor.name)).length).toBe(0)
    expect(calls).toEqual([[2]])
    expect(await runtime.status()).toMatchObject([{ parkedRecords: 0, lag: { events: 0, seconds: 0 } }])
  })

  test('a parked record that the log no longer holds stays parked and says so', async () => {
    await using rig = await openRig(ledger)
    const { processor } = recorder(() => new Error('never'), { retry: { ...quickRetry, maxAttempts: 1 } })
    const runtime = await rig.run([processor])
    await rig.append('a', 1)
    expect(await runtime.reached(processor.name, await rig.log.head())).toBe(true)
    await rig.events.tombstone(createStreamId('cart', 'a'), { expectedVersion: 'any', reason: 'erased' })
    const id = (await parkedOf(processor.name)).find(({ record }) => record.payload === '{"n":1}')?.id ?? ''
    await ledger.store.deadLetters.retry(id, 'ops')
    const reasonOf = async (): Promise<unknown> =>
      (await parkedOf(processor.name)).find((each) => each.id === id)?.reason
    await eventually(reasonOf).toBe('the record is no longer in the log')
  })

  test('an event that an upcaster split is handled in parts and parked as the one record it is', async () => {
    const decodeJson = createEventDecoder({
      upcast: (envelope): readonly Envelope[] =>
        [1, 2].map((part) => ({
          ...envelope,
          id: `${envelope.id}#${part}` as typeof envelope.id,
          data: { n: part },
        })),
    })
    await using rig = await openRig(ledger, decodeJson)
    const { processor, calls } = recorder((numbers) => (numbers.includes(2) ? new Error('no') : undefined))
    const runtime = await rig.run([processor])
    expect(await runtime.reached(processor.name, await rig.append('a', 7))).toBe(true)
    expect(calls).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(await parkedOf(processor.name)).toMatchObject([{ record: { payload: '{"n":7}' } }])
  })
})

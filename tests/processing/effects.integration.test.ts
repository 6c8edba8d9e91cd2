import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { courier, deadLettersOf, tally } from './support/courier.ts'
import { databaseKinds, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import { numberOf, openRig } from './support/rig.ts'

describe.each(databaseKinds)('what deliveries write and hold, on %s', (kind) => {
  let ledger: Ledger
  let table: string
  beforeAll(async () => {
    ledger = await openLedger(kind)
    table = `${ledger.schema}.sent`
    await ledger.database.script(`create table ${table} (n int primary key check (n <> 13))`)
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('statements of an action run with the record of its delivery; one that is refused fails that delivery alone', async () => {
    await using rig = await openRig(ledger)
    const statement = `insert into ${table} values ($1)`
    const { processor, of } = courier({
      write: {
        execute: async ({ envelope }) => ({ writes: [{ statement, values: [numberOf(envelope)] }] }),
      },
      post: { execute: async () => undefined },
    })
    await rig.run([processor])
    await rig.append('a', 12, 13, 14)
    await rig.append('b', 15)
    await eventually(() => tally(ledger.store, processor.name)).toEqual({ delivered: 7, dead: 1 })
    const rows = await ledger.database.query(`select n from ${table} order by n`)
    expect(rows).toEqual([{ n: 12 }, { n: 14 }, { n: 15 }])
    const [letter] = await deadLettersOf(ledger.store, processor.name)
    expect(letter).toMatchObject({ action: 'write', attempts: [{ outcome: 'failed' }, {}, {}] })
    expect(letter?.reason).toMatch(/^failed 3 times, last: .*check constraint/)
    expect(of('write')).toHaveLength(6)
  })

  test('a dead letter holds the later deliveries of its key until it was delivered after all, or removed', async () => {
    await using rig = await openRig(ledger)
    const refused = new Set([2, 4])
    const sent: number[] = []
    const { processor } = courier({
      post: {
        order: 'key',
        onFailure: 'hold',
        execute: async ({ envelope }) => {
          if (refused.has(numberOf(envelope))) throw new Error('no luck')
          sent.push(numberOf(envelope))
        },
      },
    })
    const runtime = await rig.run([processor])
    const { deadLetters } = ledger.store
    const held = async (): Promise<readonly (readonly [string, number])[]> =>
      (await deadLetters.heldKeys(processor.name, 10)).keys.map(({ key, waiting }) => [key, waiting])
    await rig.append('a', 1, 2, 3)
    await rig.append('b', 10)
    await eventually(() => held()).toEqual([['cart-a', 1]])
    await rig.append('a', 4, 5)
    await rig.append('b', 11)
    await eventually(() => held()).toEqual([['cart-a', 3]])
    await eventually(() => sent.toSorted((a, b) => a - b)).toEqual([1, 10, 11])
    const [first] = await deadLettersOf(ledger.store, processor.name)
    // In vain: it holds on.
    await deadLetters.retry(first?.id ?? '', 'ada')
    runtime.wake()
    await eventually(
      async () => (await deadLettersOf(ledger.store, processor.name))[0]?.attempts.length,
    ).toBe(4)
    expect(await held()).toEqual([['cart-a', 3]])
    refused.delete(2)
    await deadLetters.retry(first?.id ?? '', 'ada')
    runtime.wake()
    await eventually(() => held()).toEqual([['cart-a', 1]])
    expect(sent.filter((n) => n < 10)).toEqual([1, 2, 3])
    const [second] = await deadLettersOf(ledger.store, processor.name)
    await deadLetters.remove(second?.id ?? '', 'ada')
    await eventually(() => sent.filter((n) => n < 10)).toEqual([1, 2, 3, 5])
    expect(await held()).toEqual([])
  })
})

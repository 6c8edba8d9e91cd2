import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank } from './support/bank.ts'
import { fresh, openStage, sqlKinds } from './support/stage.ts'

describe.each(sqlKinds)('documents that were written last, in %s', (kind) => {
  test('are not read again by the one who writes them', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await using running = await stage.run([projection])
    const { name } = projection
    const first = await append(stage.events, 'a', Bank.Deposited({ cents: 100 }))
    expect(await running.projections.reached(name, first)).toBe(true)
    // Nobody may do this; it shows where the next state comes from.
    await stage.database.script(
      `update ${stage.schema}.${name}_v1 set document = '{"cents":1000,"events":1,"order":1}'`,
    )
    const second = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, second)).toBe(true)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 101 })
  })

  test('are read again where somebody deleted them, and nothing is parked for it', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await using running = await stage.run([projection])
    const { name } = projection
    for (const key of ['a', 'b']) await append(stage.events, key, Bank.Deposited({ cents: 100 }))
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    await stage.database.script(`delete from ${stage.schema}.${name}_v1 where key = 'account-a'`)
    await append(stage.events, 'b', Bank.Deposited({ cents: 1 }))
    const last = await append(stage.events, 'a', Bank.Deposited({ cents: 5 }), Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, last)).toBe(true)
    const documents = running.projections.documents(projection)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 7, events: 2 })
    expect(await documents.get(account('b'))).toMatchObject({ cents: 101, events: 2 })
    expect((await running.projections.status(name))[0]).toMatchObject({ parkedRecords: 0 })
  })

  test('hold nothing of an event that was set aside', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'), {
      refuse: (cents) => cents === 13,
      onParked: 'release',
    })
    const amounts = [1, 2, 13, 4, 5, 13, 7]
    for (const cents of amounts) await append(stage.events, 'a', Bank.Deposited({ cents }))
    await append(stage.events, 'a', Bank.Deposited({ cents: 20 }), Bank.Deposited({ cents: 13 }))
    const last = await append(stage.events, 'a', Bank.Deposited({ cents: 30 }))
    await using running = await stage.run([projection], { batchSize: 4 })
    expect(await running.projections.reached(projection.name, last)).toBe(true)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({
      cents: 69,
      events: 7,
    })
    expect((await running.projections.status(projection.name))[0]).toMatchObject({ parkedRecords: 3 })
  })

  test('are read again by an owner who takes over from another one', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    const { name } = projection
    await using one = await stage.run([projection])
    const first = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await one.projections.reached(name, first)).toBe(true)
    await one.projections.pause(name, 'me')
    await one.projections.resume(name, 'me')
    await using other = await stage.run([projection])
    for (let cents = 2; cents <= 30; cents++) {
      await append(stage.events, 'a', Bank.Deposited({ cents }))
      // Each pause gives the partition back: either process may have it next.
      if (cents % 5 === 0) {
        await one.projections.pause(name, 'me')
        await one.projections.resume(name, 'me')
      }
    }
    expect(await other.projections.reached(name, await stage.events.log.head())).toBe(true)
    expect(await other.projections.documents(projection).get(account('a'))).toMatchObject({
      cents: 465,
      events: 30,
    })
    expect((await other.projections.status(name))[0]).toMatchObject({ parkedRecords: 0 })
  })
})

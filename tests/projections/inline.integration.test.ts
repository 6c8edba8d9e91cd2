import { setTimeout } from 'node:timers/promises'

import { createStreamId } from '@millrace/contracts'
import { appendWith, defineProjection } from '@millrace/projections'
import type { DocumentProjection } from '@millrace/projections'
import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank, inOrder } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { fresh, openStage, sqlKinds } from './support/stage.ts'

/** One document for all streams: appends to different streams meet in it. */
function total(name: string): DocumentProjection<{ readonly cents: number; readonly events: number }> {
  return defineProjection({
    name,
    mode: 'inline',
    events: Bank,
    key: () => 'all',
    initial: () => ({ cents: 0, events: 0 }),
    evolve: {
      Deposited: ({ cents, events }, { data }) => ({ cents: cents + data.cents, events: events + 1 }),
    },
  })
}

describe.each(sqlKinds)('an inline projection in %s', (kind) => {
  test('is read right after the append, and its processor counts nothing twice', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('inline'), { mode: 'inline' })
    const { name } = projection
    await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    const documents = running.projections.documents(projection)
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    // Paused, so that nothing but the append can have fed it.
    await running.projections.pause(name, 'me')
    await eventually(async () => (await running.runtime.status())[0]?.owner).toBeUndefined()
    await append(store, 'a', Bank.Deposited({ cents: 2 }), Bank.Deposited({ cents: 3 }))
    expect(await documents.get(account('a'))).toMatchObject({ cents: 6, events: 3 })
    await append(store, 'b', Bank.Deposited({ cents: 9 }))
    expect(await documents.get(account('b'))).toMatchObject({ cents: 9 })
    const end = await append(store, 'a', Bank.Withdrawn({ cents: 6 }))
    const order = [1, 2, 3, 4].reduce(inOrder, 0)
    const expected = { cents: 0, events: 4, order }
    expect(await documents.get(account('a'))).toEqual(expected)
    await running.projections.resume(name, 'me')
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await documents.get(account('a'))).toEqual(expected)
    // Nothing is kept of commits that the checkpoint has passed.
    expect(await stage.database.query(`select * from ${stage.schema}.inline_commits`)).toEqual([])
  })

  test('keeps the order of a stream where something was appended past it', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('mixed'), { mode: 'inline' })
    const { name } = projection
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    const documents = running.projections.documents(projection)
    await running.projections.pause(name, 'me')
    await eventually(async () => (await running.runtime.status())[0]?.owner).toBeUndefined()
    await append(store, 'a', Bank.Deposited({ cents: 1 }))
    await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    // The event before is still to come: this one waits for it.
    const end = await append(store, 'a', Bank.Deposited({ cents: 3 }))
    expect(await documents.get(account('a'))).toMatchObject({ cents: 1, events: 1 })
    await running.projections.resume(name, 'me')
    expect(await running.projections.reached(name, end)).toBe(true)
    const order = [1, 2, 3].reduce(inOrder, 0)
    expect(await documents.get(account('a'))).toEqual({ cents: 6, events: 3, order })
    await append(store, 'a', Bank.Deposited({ cents: 4 }))
    expect(await documents.get(account('a'))).toMatchObject({ cents: 10, events: 4 })
  })

  test('that fails on an event refuses the append, and nothing is recorded', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('refusing'), { mode: 'inline', refuse: (cents) => cents === 13 })
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    await append(store, 'a', Bank.Deposited({ cents: 1 }))
    await expect(append(store, 'a', Bank.Deposited({ cents: 13 }))).rejects.toMatchObject({
      code: 'ERR_PROJECTION',
    })
    expect(await stage.events.currentVersion(account('a'))).toBe(1)
    await append(store, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 3 })
  })

  test('loses no update where appends to several streams and the processor meet in one document', async () => {
    await using stage = await openStage(kind)
    const projection = total(fresh('total'))
    const { name } = projection
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      const through = writer % 3 === 2 ? stage.events : store
      for (let n = 0; n < 15; n++) await append(through, `k${writer}`, Bank.Deposited({ cents: 1 }))
    })
    await Promise.all(writers)
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    expect(await running.projections.documents(projection).get('all')).toEqual({ cents: 90, events: 90 })
    expect((await running.projections.status(name))[0]).toMatchObject({ parkedRecords: 0 })
  })

  test('is rebuilt while appends feed it, and never goes back', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('rebuilt'), { mode: 'inline' })
    const { name } = projection
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    const documents = running.projections.documents(projection)
    const building = new AbortController()
    let [events, written] = [0, 0]
    const back: string[] = []
    const rebuilt = (async () => {
      await running.projections.rebuild(name, { by: 'me' })
      return await running.projections.rebuilt(name, { timeoutMs: 60_000 })
    })()
    const stop = (): void => building.abort()
    rebuilt.then(stop, stop)
    while (!building.signal.aborted || written < 30) {
      await append(store, 'a', Bank.Deposited({ cents: 1 }))
      written += 1
      const now = (await documents.get(account('a')))?.events ?? 0
      if (now < events) back.push(`from ${events} to ${now}`)
      events = now
      // An embedded database answers before anything else has a turn.
      await setTimeout(1)
    }
    expect(await rebuilt).toBe(true)
    expect(back).toEqual([])
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    expect(await documents.get(account('a'))).toMatchObject({ cents: written, events: written })
  })

  test('of tables writes what its handlers write, over several streams of one commit', async () => {
    await using stage = await openStage(kind)
    const name = fresh('lines')
    const projection = defineProjection({
      name,
      mode: 'inline',
      events: Bank,
      tables: [name],
      script: `create table :${name} (account text, cents bigint)`,
      handle: {
        Deposited: ({ streamId, data }, model) =>
          model.write(`insert into :${name} values ($1, $2)`, [streamId, data.cents]),
      },
    })
    await using running = await stage.run([projection])
    const store = appendWith(stage.events, running.projections)
    await store.commit(
      ['a', 'b'].map((key, cents) => ({
        streamId: createStreamId('account', key),
        events: [Bank.Deposited({ cents }), Bank.Withdrawn({ cents })],
        expectedVersion: 'no-stream' as const,
      })),
    )
    const read = async (): Promise<readonly object[]> =>
      stage.database.query(`select * from ${stage.schema}.${name} order by account`)
    const rows = [
      { account: 'account-a', cents: 0 },
      { account: 'account-b', cents: 1 },
    ]
    expect(await read()).toEqual(rows)
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    expect(await read()).toEqual(rows)
  })
})

test('a store that keeps its events elsewhere is refused', async () => {
  await using stage = await openStage('memory')
  const projection = balances(fresh('elsewhere'), { mode: 'inline' })
  await using running = await stage.run([projection])
  expect(() => appendWith(stage.events, running.projections)).toThrow(
    expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }) as Error,
  )
})

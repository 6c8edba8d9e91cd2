import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank, inOrder } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { fresh, modelKinds, openStage } from './support/stage.ts'

describe.each(modelKinds)('documents in %s', (kind) => {
  test('events fold into a document each stream, and reached says when they are in it', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await append(stage.events, 'a', Bank.Deposited({ cents: 100 }))
    await using running = await stage.run([projection])
    await append(stage.events, 'b', Bank.Deposited({ cents: 5 }))
    const end = await append(stage.events, 'a', Bank.Withdrawn({ cents: 30 }), Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(projection.name, end)).toBe(true)
    const documents = running.projections.documents(projection)
    const order = [1, 2, 3].reduce(inOrder, 0)
    expect(await documents.get(account('a'))).toEqual({ cents: 71, events: 3, order })
    expect(await documents.get(account('nobody'))).toBeUndefined()
    expect([...(await documents.getMany([account('a'), account('b')])).keys()].toSorted()).toEqual([
      'account-a',
      'account-b',
    ])
    const [first, second] = await documents.list()
    expect([first?.key, second?.key]).toEqual(['account-a', 'account-b'])
    expect(first?.position).toEqual({ commit: end.commit, index: end.index })
    expect((await documents.list({ after: 'account-a' })).map(({ key }) => key)).toEqual(['account-b'])
  })

  test('a document that folds to nothing is gone, and begins anew with the next event', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await using running = await stage.run([projection])
    const documents = running.projections.documents(projection)
    await append(stage.events, 'a', Bank.Deposited({ cents: 100 }))
    const closed = await append(stage.events, 'a', Bank.Closed())
    expect(await running.projections.reached(projection.name, closed)).toBe(true)
    expect(await documents.get(account('a'))).toBeUndefined()
    expect(await documents.list()).toEqual([])
    const again = await append(stage.events, 'a', Bank.Deposited({ cents: 7 }))
    expect(await running.projections.reached(projection.name, again)).toBe(true)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 7, events: 1 })
  })

  test('partitions share the work, and each stream keeps its order', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'), { partitions: 4 })
    const keys = Array.from({ length: 12 }, (_, n) => `k${n}`)
    for (const key of keys) await append(stage.events, key, Bank.Deposited({ cents: 1 }))
    await using running = await stage.run([projection], { batchSize: 5 })
    for (let n = 0; n < 5; n++)
      for (const key of keys) await append(stage.events, key, Bank.Deposited({ cents: n }))
    const head = await stage.events.log.head()
    expect(await running.projections.reached(projection.name, head)).toBe(true)
    const listed = await running.projections.documents(projection).list()
    const order = [1, 2, 3, 4, 5, 6].reduce(inOrder, 0)
    expect(listed.map(({ state }) => state)).toEqual(keys.map(() => ({ cents: 11, events: 6, order })))
    expect((await running.runtime.status()).filter(({ recordsHandled }) => recordsHandled > 0)).toHaveLength(
      4,
    )
  })

  test('the status says what is read, how far behind it is, and a pause holds it there', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await using running = await stage.run([projection])
    const { name } = projection
    const first = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, first)).toBe(true)
    const [status] = await running.projections.status(name)
    expect(status).toMatchObject({
      name,
      form: 'documents',
      version: 1,
      codeVersion: 1,
      state: 'running',
      running: true,
      lag: { events: 0, seconds: 0 },
      position: { commit: first.commit },
      parkedRecords: 0,
      build: undefined,
      retired: [],
    })
    expect(await running.projections.pause(name, 'me')).toBe(true)
    await eventually(async () => (await running.runtime.status())[0]?.owner).toBeUndefined()
    const second = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, second, { timeoutMs: 100 })).toBe(false)
    const [paused] = await running.projections.status(name)
    expect(paused).toMatchObject({ state: 'paused', running: false, lag: { events: 1 } })
    expect(await running.projections.resume(name, 'me')).toBe(true)
    expect(await running.projections.reached(name, second)).toBe(true)
    expect(await running.projections.pause('nothing', 'me')).toBe(false)
    await expect(running.projections.reached('nothing', second)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })

  test('a live query yields each new result, and only new ones', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    await using running = await stage.run([projection])
    const documents = running.projections.documents(projection)
    const stop = new AbortController()
    const seen: unknown[] = []
    const watching = (async () => {
      const query = async (): Promise<number | undefined> => (await documents.get(account('a')))?.cents
      for await (const cents of running.projections.watch(projection, query, { signal: stop.signal }))
        seen.push(cents)
    })()
    await eventually(() => seen.length).toBe(1)
    await append(stage.events, 'a', Bank.Deposited({ cents: 3 }))
    await eventually(() => seen.length).toBe(2)
    const other = await append(stage.events, 'b', Bank.Deposited({ cents: 9 }))
    expect(await running.projections.reached(projection.name, other)).toBe(true)
    await append(stage.events, 'a', Bank.Deposited({ cents: 4 }))
    await eventually(() => seen.length).toBe(3)
    stop.abort()
    await watching
    expect(seen).toEqual([undefined, 3, 7])
  })

  test('a rebuild of the same version takes its place at the head', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    const { name } = projection
    await using running = await stage.run([projection])
    for (let n = 1; n <= 20; n++) await append(stage.events, `k${n % 3}`, Bank.Deposited({ cents: n }))
    expect(await running.projections.reached(name, await stage.events.log.head())).toBe(true)
    const before = await running.projections.documents(projection).list()
    const build = await running.projections.rebuild(name, { by: 'me', partitions: 3 })
    expect(build).toMatchObject({ version: 1, run: 2, state: 'building', processor: `${name}-v1-2` })
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    expect(await running.projections.documents(projection).list()).toEqual(before)
    const [status] = await running.projections.status(name)
    expect(status).toMatchObject({ version: 1, processor: `${name}-v1-2`, partitions: 3, build: undefined })
    expect(status?.retired).toMatchObject([{ run: 1, state: 'retired' }])
    const next = await append(stage.events, 'k1', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, next)).toBe(true)
    await eventually(async () => (await running.runtime.status()).length).toBe(3)
    expect(await running.projections.drop(name, 1, 'me')).toBe(1)
    expect((await running.projections.status(name))[0]?.retired).toEqual([])
  })

  test('a build that was replaced stays until it is dropped, or goes at once where none are kept', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('balances'))
    const { name } = projection
    await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    {
      await using running = await stage.run([projection])
      await running.projections.rebuild(name, { by: 'me' })
      expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
      expect((await running.projections.status(name))[0]?.retired).toMatchObject([{ run: 1 }])
    }
    await using running = await stage.run([projection], { keepRetired: false })
    await eventually(async () => (await running.projections.status(name))[0]?.retired).toEqual([])
    await running.projections.rebuild(name, { by: 'me' })
    expect(await running.projections.rebuilt(name, { timeoutMs: 20_000 })).toBe(true)
    await eventually(async () => (await running.projections.builds()).map(({ state }) => state)).toEqual([
      'live',
    ])
    const next = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, next)).toBe(true)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({ cents: 2 })
  })
})

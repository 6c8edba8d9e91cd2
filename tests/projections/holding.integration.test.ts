import { createEventDecoder, EventSerializationError } from '@millrace/contracts'
import type { EventDecoder } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank, inOrder } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { fresh, openStage, sqlKinds } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

async function parkedOf(stage: Stage): Promise<readonly string[]> {
  const { items } = await stage.processors.deadLetters.list({ kind: 'parked' })
  return items.map(({ id }) => id)
}

describe.each(sqlKinds)('an event that fails, in %s', (kind) => {
  test('holds its stream: what follows waits untried and is handled in order once it is retried', async () => {
    await using stage = await openStage(kind)
    let [broken, tried] = [true, 0]
    const refuse = (cents: number): boolean => {
      if (cents === 13) tried += 1
      return broken && cents === 13
    }
    const projection = balances(fresh('held'), { refuse })
    const { name } = projection
    await using running = await stage.run([projection])
    const documents = running.projections.documents(projection)
    await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    await append(
      stage.events,
      'a',
      Bank.Deposited({ cents: 2 }),
      Bank.Deposited({ cents: 13 }),
      Bank.Deposited({ cents: 3 }),
    )
    await append(stage.events, 'b', Bank.Deposited({ cents: 50 }))
    for (let n = 0; n < 60; n++) await append(stage.events, 'a', Bank.Deposited({ cents: 4 }))
    const end = await append(stage.events, 'a', Bank.Withdrawn({ cents: 5 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 3, events: 2 })
    expect(await documents.get(account('b'))).toMatchObject({ cents: 50 })
    const triedBefore = tried
    const { items } = await stage.processors.deadLetters.list({ kind: 'parked' })
    expect(items).toHaveLength(63)
    expect(items[0]).toMatchObject({ holds: 'account-a', waiting: false, tries: 1 })
    expect(items.slice(1).every((item) => item.kind === 'parked' && item.waiting && item.tries === 0)).toBe(
      true,
    )
    expect((await running.projections.status(name))[0]).toMatchObject({ parkedRecords: 63 })

    // Asked for too early: the first one is in the way still.
    const [first = '', second = ''] = items.map(({ id }) => id)
    await stage.processors.deadLetters.retry(second, 'me')
    running.runtime.wake()
    await stage.processors.deadLetters.retry(first, 'me')
    running.runtime.wake()
    await eventually(() => tried).toBeGreaterThan(triedBefore)
    await eventually(async () => (await stage.processors.deadLetters.get(first))?.history.length).toBe(1)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 3, events: 2 })

    broken = false
    await eventually(async () => {
      await stage.processors.deadLetters.retry(first, 'me')
      running.runtime.wake()
      return await parkedOf(stage)
    }).toEqual([])
    const order = Array.from({ length: 65 }, (_, n) => n + 1).reduce(inOrder, 0)
    expect(await documents.get(account('a'))).toEqual({ cents: 14 + 240, events: 65, order })
    const after = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    expect(await running.projections.reached(name, after)).toBe(true)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 255, events: 66 })
  })

  test('that is removed lets its stream go on without it, also after a restart', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('removed'), { refuse: (cents) => cents === 13 })
    const { name } = projection
    {
      await using running = await stage.run([projection])
      await append(stage.events, 'a', Bank.Deposited({ cents: 13 }))
      const end = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
      expect(await running.projections.reached(name, end)).toBe(true)
    }
    await using running = await stage.run([projection])
    const documents = running.projections.documents(projection)
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 3 }))
    expect(await running.projections.reached(name, end)).toBe(true)
    expect(await documents.get(account('a'))).toBeUndefined()
    const [first = '', ...rest] = await parkedOf(stage)
    expect(rest).toHaveLength(2)
    expect(await stage.processors.deadLetters.remove(first, 'me')).toBe(true)
    await eventually(async () => await parkedOf(stage)).toEqual([])
    await eventually(async () => await documents.get(account('a'))).toMatchObject({ cents: 5, events: 2 })
  })

  test('is set aside alone where its stream is released', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('released'), { refuse: (cents) => cents === 13, onParked: 'release' })
    await using running = await stage.run([projection])
    await append(stage.events, 'a', Bank.Deposited({ cents: 13 }))
    const end = await append(stage.events, 'a', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(projection.name, end)).toBe(true)
    expect(await parkedOf(stage)).toHaveLength(1)
    expect(await running.projections.documents(projection).get(account('a'))).toMatchObject({
      cents: 2,
      events: 1,
    })
  })

  test('that cannot even be decoded holds its stream as well', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('undecodable'))
    const { name } = projection
    const decoder = createEventDecoder()
    let broken = true
    const decode: EventDecoder = (stored) => {
      if (broken && stored.version === 2) throw new EventSerializationError(stored.type, 'it is broken')
      return decoder(stored)
    }
    await using running = await stage.run([projection], { decode })
    await append(stage.events, 'a', ...[1, 2, 3].map((cents) => Bank.Deposited({ cents })))
    const end = await append(stage.events, 'b', ...[1, 2].map((cents) => Bank.Deposited({ cents })))
    expect(await running.projections.reached(name, end)).toBe(true)
    const documents = running.projections.documents(projection)
    expect(await documents.get(account('a'))).toMatchObject({ cents: 1 })
    const parked = await parkedOf(stage)
    expect(parked).toHaveLength(3)
    broken = false
    for (const id of parked) await stage.processors.deadLetters.retry(id, 'me')
    await eventually(async () => await parkedOf(stage)).toEqual([])
    const order = [1, 2, 3].reduce(inOrder, 0)
    expect(await documents.get(account('a'))).toEqual({ cents: 6, events: 3, order })
    expect(await documents.get(account('b'))).toMatchObject({ cents: 3 })
  })
})

test('in memory, where nothing can be parked, it holds its partition until it is mended', async () => {
  await using stage = await openStage('memory')
  let broken = true
  const projection = balances(fresh('stuck'), { refuse: (cents) => broken && cents === 13 })
  const { name } = projection
  await using running = await stage.run([projection])
  await append(stage.events, 'a', Bank.Deposited({ cents: 1 }), Bank.Deposited({ cents: 13 }))
  const end = await append(stage.events, 'b', Bank.Deposited({ cents: 2 }))
  expect(await running.projections.reached(name, end, { timeoutMs: 300 })).toBe(false)
  expect((await running.projections.status(name))[0]).toMatchObject({ state: 'failing' })
  broken = false
  expect(await running.projections.reached(name, end)).toBe(true)
  const documents = running.projections.documents(projection)
  // What was folded before the failure counts once.
  expect(await documents.get(account('a'))).toMatchObject({ cents: 14, events: 2 })
})

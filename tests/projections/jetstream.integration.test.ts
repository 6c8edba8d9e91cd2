import { setTimeout } from 'node:timers/promises'

import type { DocumentProjection, Projections } from '@millrace/projections'
import { describe, expect, test } from 'vitest'

import { account, append, balances, Bank } from './support/bank.ts'
import type { Balance } from './support/bank.ts'
import { eventually } from './support/eventually.ts'
import { foldOf } from './support/fold-of.ts'
import { fresh, jetStreamKinds, openStage } from './support/stage.ts'

const keys = ['a', 'b', 'c', 'd', 'e']

async function contentOf(
  projections: Projections,
  projection: DocumentProjection<Balance>,
): Promise<Record<string, Balance>> {
  const listed = await projections.documents(projection).list()
  return Object.fromEntries(listed.map(({ key, state }) => [key, state]))
}

describe.each(jetStreamKinds)('read models in %s', (kind) => {
  test('fold what is there and what comes, and are rebuilt while events are written', async () => {
    await using stage = await openStage(kind)
    const projection = balances(fresh('nats'), { partitions: 2 })
    const { name } = projection
    const write = async (cents: number): Promise<void> =>
      void (await append(stage.events, `${keys[cents % keys.length]}`, Bank.Deposited({ cents })))
    for (let n = 0; n < 50; n++) await write(n)
    await using running = await stage.run([projection], { batchSize: 20 })
    const { projections } = running
    const last = await append(stage.events, 'a', Bank.Deposited({ cents: 1 }), Bank.Withdrawn({ cents: 2 }))
    expect(await projections.reached(name, last)).toBe(true)
    expect(await contentOf(projections, projection)).toEqual(await foldOf(stage))
    expect((await projections.status(name))[0]).toMatchObject({
      state: 'running',
      lag: { events: 0, seconds: 0 },
    })

    const build = await projections.rebuild(name, { by: 'me', partitions: 3 })
    const building = new AbortController()
    const rebuilt = projections.rebuilt(name, { timeoutMs: 60_000 }).finally(() => building.abort())
    const seen = new Map<string, number>()
    const back: string[] = []
    for (let n = 0; n < 200 || !building.signal.aborted; n++) {
      await write(n)
      for (const [key, { events }] of Object.entries(await contentOf(projections, projection))) {
        if (events < (seen.get(key) ?? 0)) back.push(`${key} from ${seen.get(key)} to ${events}`)
        seen.set(key, events)
      }
      await setTimeout(1)
    }
    expect(await rebuilt).toBe(true)
    expect([back, seen.size]).toEqual([[], keys.length])
    expect(await projections.reached(name, await stage.events.log.head())).toBe(true)
    expect(await contentOf(projections, projection)).toEqual(await foldOf(stage))
    expect((await projections.status(name))[0]).toMatchObject({ processor: build.processor, partitions: 3 })
  }, 90_000)
})

test('a read model in postgres goes on from its checkpoint in a log on JetStream, and holds what it cannot take', async () => {
  await using stage = await openStage('postgres beside JetStream')
  let broken = true
  const projection = balances(fresh('kept'), { refuse: (cents) => broken && cents === 13 })
  const { name } = projection
  {
    await using running = await stage.run([projection])
    await append(stage.events, 'a', Bank.Deposited({ cents: 1 }))
    const end = await append(stage.events, 'b', Bank.Deposited({ cents: 2 }))
    expect(await running.projections.reached(name, end)).toBe(true)
  }
  await append(stage.events, 'a', Bank.Deposited({ cents: 13 }))
  await append(stage.events, 'a', Bank.Deposited({ cents: 4 }))
  const end = await append(stage.events, 'b', Bank.Deposited({ cents: 5 }))
  await using running = await stage.run([projection])
  expect(await running.projections.reached(name, end)).toBe(true)
  const documents = running.projections.documents(projection)
  expect(await documents.get(account('a'))).toMatchObject({ cents: 1, events: 1 })
  expect(await documents.get(account('b'))).toMatchObject({ cents: 7, events: 2 })
  const [status] = await running.projections.status(name)
  expect(status).toMatchObject({ parkedRecords: 2, heldStreams: { count: 1 } })
  broken = false
  const [first] = status?.heldStreams.streams ?? []
  await stage.processors.deadLetters.retry(first?.first.id ?? '', 'me')
  running.runtime.wake()
  await eventually(async () => await documents.get(account('a'))).toMatchObject({ cents: 18, events: 3 })
  expect(await contentOf(running.projections, projection)).toEqual(await foldOf(stage))
})

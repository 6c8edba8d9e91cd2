import { expect, test } from 'vitest'

import { all, fact, facts, numbersOf, ReadStage, stream, upTo } from '../../fixtures/read-stage.ts'

test('a long log is read in both directions, by way of a consumer that is gone afterwards', async () => {
  await using stage = await ReadStage.open()
  await stage.scatter(3_000)
  const forwards = await all(stage.store.readAll())
  expect(numbersOf(forwards).toSorted((a, b) => a - b)).toEqual(upTo(3_000))
  const backwards = await all(stage.store.readAll({ direction: 'backwards' }))
  expect(backwards.map(({ id }) => id)).toEqual(forwards.map(({ id }) => id).toReversed())
  const seen: string[] = []
  let consumers: readonly string[] = []
  for await (const { id } of stage.store.readAll()) {
    seen.push(id)
    if (seen.length < 2_500) continue
    consumers = await stage.consumerNames()
    break
  }
  expect([consumers.length, seen]).toEqual([1, forwards.slice(0, 2_500).map(({ id }) => id)])
  expect(await stage.consumerNames()).toEqual([])
}, 60_000)

test('a rare category is found in a long log, in both directions', async () => {
  await using stage = await ReadStage.open()
  const wanted = async (n: number): Promise<void> => {
    await stage.store.append(stream(`rare-${n}`), facts(2), { expectedVersion: 0 })
  }
  await wanted(0)
  await stage.scatter(1_500)
  await wanted(1)
  await stage.scatter(1_500, 'third')
  const found = async (options: object): Promise<readonly string[]> =>
    (await all(stage.store.readAll(options))).map(({ streamId, version }) => `${streamId}@${version}`)
  const rare = ['cart-rare-0@1', 'cart-rare-0@2', 'cart-rare-1@1', 'cart-rare-1@2']
  expect(await found({ categories: ['cart'] })).toEqual(rare)
  expect(await found({ categories: ['cart', 'cart', 'none'] })).toEqual(rare)
  expect(await found({ categories: ['cart'], direction: 'backwards' })).toEqual(rare.toReversed())
  expect(await found({ categories: ['cart', 'none'], direction: 'backwards', limit: 1 })).toEqual(
    rare.slice(3),
  )
  expect(await found({ categories: ['No category'] })).toEqual([])
  expect((await found({ categories: ['other', 'third'] })).length).toBe(3_000)
}, 60_000)

test('large messages are read backwards a few at a time', async () => {
  await using stage = await ReadStage.open()
  const text = 'x'.repeat(400_000)
  for (let n = 0; n < 40; n++)
    await stage.store.append(stream(`n-${n}`), [fact(n, { data: { n, text } })], { expectedVersion: 0 })
  const backwards = await all(stage.store.readAll({ direction: 'backwards' }))
  expect(numbersOf(backwards)).toEqual(upTo(40).toReversed())
}, 60_000)

test('a read of what is not there yet waits for it', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(stream('a'), 1)
  const head = await stage.store.log.head()
  const atLeast = { ...head, commit: head.commit + 2 }
  const waiting = all(stage.store.readAll({ atLeast }))
  await stage.store.append(stream('b'), [fact(1)], { expectedVersion: 0 })
  await stage.store.append(stream('c'), [fact(2)], { expectedVersion: 0 })
  expect(numbersOf(await waiting)).toEqual([0, 1, 2])
})

test('a mirror that takes part in direct gets gives nothing of what was erased', async () => {
  await using stage = await ReadStage.open()
  const mirror = `${stage.name}_mirror`
  await stage.fill(stream('a'), 20)
  const config = { name: mirror, mirror: { name: stage.name }, allow_direct: true, mirror_direct: true }
  await stage.link.api(`STREAM.CREATE.${mirror}`, config)
  try {
    for (;;) {
      const { state } = await stage.link.api<{ readonly state: { readonly messages: number } }>(
        `STREAM.INFO.${mirror}`,
      )
      if (state.messages === 20) break
    }
    await stage.store.tombstone(stream('a'), { expectedVersion: 20, reason: 'erased' })
    for (let n = 0; n < 50; n++) {
      expect(await all(stage.store.read(stream('a')))).toEqual([])
      expect((await all(stage.store.readAll())).length).toBe(1)
    }
  } finally {
    await stage.link.api(`STREAM.DELETE.${mirror}`)
  }
}, 60_000)

test('a long read whose consumer is lost where there is no room for another ends without one', async () => {
  await using stage = await ReadStage.open({ maxConsumers: 1 })
  await stage.scatter(9_000)
  const seen: number[] = []
  for await (const { position } of stage.store.readAll()) {
    seen.push(position.commit)
    if (seen.length === 2_500) await stage.crowdOut()
  }
  expect(seen).toEqual(upTo(9_000).map((n) => n + 1))
  expect(await stage.consumerNames()).toEqual(['theirs'])
}, 60_000)

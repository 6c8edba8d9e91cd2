import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, facts, freshStream, numbersOf } from './support/events.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { topologies } from './support/topologies.ts'

describe.each(topologies)('a tombstone, %s', (topology) => {
  const stage = useStage(topology)

  test('makes the events unreadable by every path, refuses appends and touches no other stream', async () => {
    const { store, raw, target } = stage()
    const [gone, kept] = [freshStream(), freshStream()]
    const secret = `secret-${gone}`
    for (let at = 0; at < 30; at += 3) {
      await store.append(gone, facts(3, at, { metadata: { custom: { secret } } }), { expectedVersion: at })
      await store.append(kept, facts(1, at), { expectedVersion: at / 3 })
    }
    const commits: number[] = []
    for await (const { position } of store.read(gone)) commits.push(position.commit)
    const receipt = await store.tombstone(gone, { expectedVersion: 30, reason: 'asked for' })
    expect(receipt.version).toBe(31)
    await using other = await openTarget(target)
    for (const client of [store, other]) {
      expect(await collect(client.read(gone))).toEqual([])
      expect(await client.currentVersion(gone)).toBe(0)
      expect(await client.exists(gone)).toBe(false)
      const everything = await collect(client.readAll())
      expect(JSON.stringify(everything)).not.toContain(secret)
      expect(everything.filter(({ streamId }) => streamId === gone).map(({ type }) => type)).toEqual([
        '$tombstone',
      ])
      expect(numbersOf(await collect(client.read(kept)))).toHaveLength(10)
      for (const expectedVersion of ['any', 'no-stream', 0, 31] as const)
        await expect(client.append(gone, [fact()], { expectedVersion })).rejects.toMatchObject({
          code: 'ERR_STREAM_TOMBSTONED',
          streamId: gone,
        })
    }
    for (const commit of new Set(commits)) expect(await raw.at(commit)).toBeUndefined()
  })

  test('loses against an append that came before it, and is written once however often it is asked for', async () => {
    const { store, target } = stage()
    const streamId = freshStream()
    await store.append(streamId, facts(2), { expectedVersion: 0 })
    await using other = await openTarget(target)
    await other.append(streamId, [fact(2)], { expectedVersion: 2 })
    const stale = store.tombstone(streamId, { expectedVersion: 2, reason: 'stale' })
    await expect(stale).rejects.toMatchObject({ code: 'ERR_CONCURRENCY', conflict: { actual: 3 } })
    const first = await store.tombstone(streamId, { expectedVersion: 3, reason: 'now' })
    const second = await other.tombstone(streamId, { expectedVersion: 'any', reason: 'again' })
    expect([second.version, second.position]).toEqual([first.version, first.position])
    expect((await store.describe(streamId))?.version).toBe(4)
  })
})

import { categoryOf, createStreamId, keyOf, parseStreamId } from '@millrace/contracts'
import type { ForeignId, StreamId } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, freshStream, numbersOf } from './support/events.ts'
import { useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { topologies } from './support/topologies.ts'

/** Keys that are told apart, however alike they are to a subject, a file name or an eye. */
const takenKeys = [
  'a.b',
  'a..b',
  'a.b.c',
  '.',
  '*',
  '>',
  'a.*',
  'a.>',
  'a b',
  'a  b',
  ' a',
  'a%2Eb',
  'a%b',
  '%',
  'a=b',
  'a-b',
  'A-B',
  'a\r\nNats-Rollup: all',
  'a\nb',
  'a/b',
  'a\\b',
  '$JS.API',
  '_INBOX.x',
  'für',
  '顧客',
  '🧾',
  '👩‍👩‍👧',
  'x'.repeat(255),
  '🧾'.repeat(63),
]

const refusedKeys = [
  '',
  ' ',
  '\t',
  'a\0b',
  'fu\u0308r',
  '\ud83e',
  'x'.repeat(256),
  'x'.repeat(5000),
  '🧾'.repeat(64),
]

describe.each(topologies)('bad input, %s', (topology) => {
  const stage = useStage(topology)

  test('hostile keys come back as they were and never meet each other', async () => {
    const { store, target } = stage()
    for (const [n, key] of takenKeys.entries())
      await store.append(createStreamId('hostile', key), [fact(n)], { expectedVersion: 'no-stream' })
    await using other = await openTarget(target)
    for (const [n, key] of takenKeys.entries()) {
      const [event, ...more] = await collect(other.read(createStreamId('hostile', key)))
      expect(more).toEqual([])
      expect([event?.streamId, numbersOf(event === undefined ? [] : [event])]).toEqual([
        `hostile-${key}`,
        [n],
      ])
    }
    const listed = await other.listStreams({ category: 'hostile', limit: 1000 })
    expect(listed.map(({ id }) => keyOf(id)).toSorted()).toEqual(takenKeys.toSorted())
    expect(new Set(listed.map(({ id }) => categoryOf(id)))).toEqual(new Set(['hostile']))
  })

  test.each(refusedKeys)('a key that no store takes is refused: %j', async (key) => {
    const { store } = stage()
    const head = await store.log.head()
    const id = `hostile-${key}` as StreamId
    expect(() => parseStreamId(id)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STREAM_NAME' }))
    for (const call of [
      () => store.append(id, [fact()], { expectedVersion: 'any' }),
      () => collect(store.read(id)),
      () => store.currentVersion(id),
      () => store.tombstone(id, { expectedVersion: 'any', reason: 'none' }),
    ])
      await expect((async () => await call())()).rejects.toMatchObject({ code: 'ERR_INVALID_STREAM_NAME' })
    expect(await store.log.head()).toEqual(head)
  })

  test('foreign ids with dots, wildcards and emoji are told apart; unfit ones are refused', async () => {
    const { store } = stage()
    const ids = ['a.b', 'a.*', '>', '*', 'a b', '🧾', 'x'.repeat(255)]
    for (const [n, id] of ids.entries()) {
      const foreignId: ForeignId = { source: 'shop.eu', id }
      const streamId = freshStream()
      const first = await store.append(streamId, [fact(n)], { expectedVersion: 'any', foreignId })
      const second = await store.append(streamId, [fact(99)], { expectedVersion: 'any', foreignId })
      expect([first.replayed, second.replayed, second.commitId]).toEqual([false, true, first.commitId])
    }
    for (const id of ['', 'a\r\nb', 'x'.repeat(256), '\ud83e']) {
      const foreignId = { source: 'shop', id }
      const append = store.append(freshStream(), [fact()], { expectedVersion: 'any', foreignId })
      await expect(append).rejects.toMatchObject({
        code: 'ERR_INVALID_VALUE',
        field: 'options.foreignId.id',
      })
    }
  })

  test.each(['Nats-Rollup', 'Nats-TTL', 'Nats-Expected-Last-Msg-Id', 'nats-msg-id', 'NATS-Schedule'])(
    'metadata named %s is refused and nothing is written',
    async (name) => {
      const { store } = stage()
      const streamId = freshStream()
      const metadata = { custom: { [name]: 'all' } }
      const ofCommit = store.append(streamId, [fact()], { expectedVersion: 'any', metadata })
      await expect(ofCommit).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
      const ofEvent = store.append(streamId, [fact(0, { metadata })], { expectedVersion: 'any' })
      await expect(ofEvent).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', field: 'metadata.custom' })
      expect(await store.exists(streamId)).toBe(false)
    },
  )

  test('text that would end a header line is kept as it was, or refused, and never becomes a header', async () => {
    const { store, raw } = stage()
    const evil = 'x\r\nNats-Rollup: all\r\n\r\n{}'
    const streamId = freshStream()
    const refused = [
      { type: `a${evil}` },
      { tags: [evil] },
      { metadata: { correlationId: evil } },
      { metadata: { causationId: evil } },
      { metadata: { tenant: evil } },
      { metadata: { actor: { kind: 'user' as const, id: evil } } },
    ]
    for (const options of refused)
      await expect(
        store.append(streamId, [fact(0, options)], { expectedVersion: 'any' }),
      ).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
    const odd = ' für: %0D%0A"Nats-Rollup": all 🧾 '
    const taken = [
      { metadata: { custom: { note: evil, [evil]: odd } } },
      { metadata: { correlationId: odd, causationId: odd, tenant: odd } },
      { metadata: { actor: { kind: 'user' as const, id: odd } } },
      { tags: ['%0D%0ANats-Rollup:all', '"', ','] },
    ]
    for (const [version, options] of taken.entries())
      await store.append(streamId, [fact(0, options)], { expectedVersion: version })
    const events = await collect(store.read(streamId))
    expect(events).toMatchObject(taken)
    for (const { position } of events) {
      const message = await raw.at(position.commit)
      const block = Buffer.from(message?.hdrs ?? '', 'base64').toString()
      expect(block).not.toMatch(/^nats-rollup/im)
    }
  })

  test.each(['', 'a.b', 'a*', 'a>', 'a b', 'a\tb', 'a/b', 'ü', 'x'.repeat(300), '\r\n', '$JS'])(
    'a store name that cannot name a stream is refused: %j',
    async (name) => {
      const opening = openJetStreamStore({ ...stage().target, name })
      await expect(opening).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'name' })
    },
  )

  test('a store name whose subjects another stream has taken is refused', async () => {
    const { raw, target } = stage()
    const name = `${target.name}_taken`
    await raw.api('STREAM.CREATE.FOREIGN', { name: 'FOREIGN', subjects: [`${name}.>`] })
    await expect(openTarget({ ...target, name })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await raw.api('STREAM.DELETE.FOREIGN')
  })
})

import { followLog } from '@millrace/contracts'
import type { EventStore, StreamId } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { fact, facts, freshStream, numbersOf } from './support/events.ts'
import { RawStream } from './support/raw-stream.ts'
import { Stage, useStage } from './support/stage.ts'
import { openTarget } from './support/store-target.ts'
import { topologies } from './support/topologies.ts'

/** The subject that the store uses for a stream, read off a message of it. */
async function subjectOf(raw: RawStream, store: EventStore, streamId: StreamId): Promise<string> {
  for await (const { position } of store.read(streamId, { limit: 1 }))
    return (await raw.at(position.commit))?.subject ?? ''
  throw new Error(`${streamId} has no events`)
}

/** The header fields of a message. */
async function fieldsOf(raw: RawStream, seq: number): Promise<Readonly<Record<string, string>>> {
  const block = Buffer.from((await raw.at(seq))?.hdrs ?? '', 'base64').toString()
  const lines = block.split('\r\n').slice(1).filter(Boolean)
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
}

/** Fields the server would judge again. */
const withoutNats = (fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith('Nats-')))

describe.each(topologies)('a stream that others have touched, %s', (topology) => {
  const stage = useStage(topology)

  test.each([
    ['old messages are dropped', { discard: 'old', max_msgs: 1000 }],
    ['messages expire', { max_age: 3_600_000_000_000 }],
    ['a publisher may wipe it', { allow_rollup_hdrs: true }],
    ['each subject keeps one message', { max_msgs_per_subject: 1, discard: 'old' }],
  ])('a configuration changed by hand so that %s is refused, by name', async (_what, changes) => {
    await using local = await Stage.open(stage().servers)
    await local.store.append(freshStream(), facts(3), { expectedVersion: 0 })
    await local.raw.update(changes)
    const [setting = ''] = Object.keys(changes)
    await expect(openTarget(local.target)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining(setting) as string,
    })
    const { config } = await local.raw.info()
    expect(config).toMatchObject(changes)
  })

  test('a configuration changed by hand without harm is set right', async () => {
    await using local = await Stage.open(stage().servers)
    await local.store.append(freshStream(), facts(3), { expectedVersion: 0 })
    const before = await local.raw.info()
    await local.raw.update({ duplicate_window: 1_000_000_000, description: 'by hand' })
    await using again = await openTarget(local.target)
    expect((await again.log.head()).commit).toBe(1)
    expect((await local.raw.info()).config['duplicate_window']).toBe(before.config['duplicate_window'])
  })

  test('a stream of that name that no store has made is refused and left alone', async () => {
    const { raw, target } = stage()
    const name = `${target.name}_foreign`
    const config = { name, subjects: [`${name}.>`] }
    await raw.api(`STREAM.CREATE.${name}`, config)
    await expect(openTarget({ ...target, name })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await using other = new RawStream(raw.connection, name)
    expect((await other.info()).config).toMatchObject({ subjects: config.subjects })
  })

  test('a store whose stream was deleted says so, and a new stream of that name is another log', async () => {
    await using local = await Stage.open(stage().servers)
    const { store, raw, target } = local
    const receipt = await store.append(freshStream(), facts(2), { expectedVersion: 0 })
    await raw.api(`STREAM.DELETE.${target.name}`)
    const append = store.append(freshStream(), [fact()], { expectedVersion: 0 })
    await expect(append).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) as string })
    await using next = await openTarget(target)
    const position = receipt.position ?? (await store.log.beginning())
    await expect(next.log.readBatch(position)).rejects.toMatchObject({ code: 'ERR_LOG_REPLACED' })
  })

  test('foreign and truncated messages are handed on as they are, and the log goes on', async () => {
    await using local = await Stage.open(stage().servers)
    const { store, raw } = local
    const [whole, cut] = [freshStream(), freshStream()]
    await store.append(whole, [fact(1)], { expectedVersion: 0 })
    await store.append(cut, facts(5), { expectedVersion: 0 })
    const first = await store.append(cut, facts(5, 5), { expectedVersion: 5 })
    const subject = await subjectOf(raw, store, cut)
    const fields = withoutNats(await fieldsOf(raw, first.position?.commit ?? 0))
    const body = Buffer.from((await raw.at(first.position?.commit ?? 0))?.data ?? '', 'base64')
    const foreign = [
      await raw.publish(subject, 'hello'),
      await raw.publish(subject, Uint8Array.of(0xff, 0x00, 0xfe)),
      await raw.publish(subject, body.subarray(0, body.length / 2), fields),
      await raw.publish(subject, body, { ...fields, Millrace: `9${fields['Millrace']?.slice(1)}` }),
      await raw.publish(subject.replace(/\.\d\d\./, '.99.'), body, fields),
    ]
    await store.append(whole, [fact(2)], { expectedVersion: 1 })
    const seen: string[] = []
    for await (const { records, end } of followLog(store.log, { after: await store.log.beginning() })) {
      seen.push(...records.map(({ type, position }) => `${position.commit} ${type}`))
      if (end.commit >= (foreign.at(-1) ?? 0) + 1) break
    }
    const parked = foreign.map((seq) => `${seq} $malformed`)
    const facts11 = Array.from({ length: 5 }, () => '2 fact-recorded')
    const facts12 = Array.from({ length: 5 }, () => '3 fact-recorded')
    expect(seen).toEqual(['1 fact-recorded', ...facts11, ...facts12, ...parked, '9 fact-recorded'])
    await expect(collect(store.read(cut))).rejects.toMatchObject({
      code: 'ERR_STREAM_CORRUPT',
      streamId: cut,
    })
    expect(numbersOf(await collect(store.read(whole)))).toEqual([1, 2])
    const foreignRecord = await store.log.readAt({
      ...(await store.log.head()),
      commit: foreign[0] ?? 0,
      index: 0,
    })
    expect(foreignRecord?.payload).toEqual(new TextEncoder().encode('hello'))
  })

  test('a stream with a foreign message at its end takes no append that would hide it', async () => {
    await using local = await Stage.open(stage().servers)
    const { store, raw, target } = local
    const streamId = freshStream()
    await store.append(streamId, facts(2), { expectedVersion: 0 })
    await raw.publish(await subjectOf(raw, store, streamId), 'hello')
    await using fresh = await openTarget(target)
    for (const client of [store, fresh])
      await expect(client.append(streamId, [fact()], { expectedVersion: 2 })).rejects.toMatchObject({
        code: 'ERR_STREAM_CORRUPT',
      })
    await fresh.append(freshStream(), [fact()], { expectedVersion: 0 })
  })
})

import type { FailpointName } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'
import { describe, expect, inject, test } from 'vitest'

import { fact, freshStream, upTo } from './support/events.ts'
import { until } from './support/eventually.ts'
import { flaky, poison } from './support/group-processor.ts'
import { Group } from './support/group.ts'
import { RawStream } from './support/raw-stream.ts'
import { useStage } from './support/stage.ts'
import { topologies } from './support/topologies.ts'

const patience = { timeout: 60_000 }
const eventCount = 12

/** Events 1 to `count`, spread over three streams. */
async function append({ events }: Group, count: number, streams: readonly StreamId[]): Promise<void> {
  for (const n of upTo(count))
    await events.append(streams[n % streams.length] ?? freshStream(), [fact(n)], { expectedVersion: 'any' })
}

/** Every event is in the read model once, in the order of its stream, and was delivered under one key. */
async function expectEachOnce(group: Group, numbers: readonly number[]): Promise<void> {
  const rows = await group.rows()
  expect(rows.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(numbers)
  for (const ofStream of Map.groupBy(rows, ({ stream }) => stream).values()) {
    const versions = ofStream.map(({ version }) => version)
    expect(versions).toEqual(versions.toSorted((a, b) => a - b))
  }
  const settled = async (): Promise<boolean> =>
    (await group.deliveries()).every(({ state }) => state === 'delivered')
  await until(settled, { what: 'all deliveries to be delivered' })
  const deliveries = await group.deliveries()
  expect(deliveries).toHaveLength(numbers.length)
  expect(new Set(group.keys)).toEqual(new Set(deliveries.map(({ id }) => id)))
  for (const { id, attempts } of deliveries)
    expect(group.keys.filter((key) => key === id).length).toBeLessThanOrEqual(attempts.length)
}

describe.each(topologies)('processors on the log, %s', (topology) => {
  const stage = useStage(topology)
  const open = async (partitions = 1): Promise<Group> =>
    await Group.open(stage().servers.newTarget(), inject('servers').postgres, partitions)

  test(
    'order is kept in every stream while a handler fails and the partitions change hands',
    patience,
    async () => {
      await using group = await open(4)
      const streams = Array.from({ length: 6 }, () => freshStream())
      const first = await group.here()
      await append(group, 60, streams)
      const second = await group.here()
      await append(group, 60, streams)
      await first[Symbol.asyncDispose]()
      await append(group, 60, streams)
      const head = await group.events.log.head()
      expect(await second.reached(group.options.name, head)).toBe(true)
      const thrice = upTo(60).flatMap((n) => [n, n, n])
      await expectEachOnce(group, thrice)
      // It failed once in each process that met it, and nothing was set aside for that.
      expect(thrice).toContain(flaky)
      expect(await group.parked()).toEqual([])
    },
  )

  test(
    'poison and foreign messages are parked with the reason, and the checkpoint passes them',
    patience,
    async () => {
      await using group = await open()
      const { events } = group
      const streamId = freshStream()
      await events.append(streamId, [fact(1)], { expectedVersion: 0 })
      await events.append(freshStream(), [fact(poison)], { expectedVersion: 0 })
      await using raw = await RawStream.open({ ...stage().target, name: nameOf(group) })
      await raw.publish(`${nameOf(group)}.es.00.order.foreign`, Uint8Array.of(0xff, 0x00, 0x01))
      await events.append(streamId, [fact(2)], { expectedVersion: 1 })
      const runtime = await group.here()
      const head = await events.log.head()
      expect(await runtime.reached(group.options.name, head)).toBe(true)
      await expectEachOnce(group, [1, 2])
      const parked = (await group.parked()).toSorted((a, b) => a.position.commit - b.position.commit)
      expect(parked.map(({ record }) => record.payload)).toEqual([
        `{"n":${poison}}`,
        Uint8Array.of(0xff, 0x00, 0x01),
      ])
      expect(parked[0]?.reason).toContain('it is poison')
      expect(parked[1]?.reason).not.toBe('')
      expect((await runtime.status())[0]).toMatchObject({ state: 'running', parkedRecords: 2 })
    },
  )

  test(
    'an owner that stood still between its handler and its write is refused when it comes back',
    patience,
    async () => {
      await using group = await open()
      await append(group, eventCount, [freshStream(), freshStream()])
      const member = group.elsewhere({ at: 'handler:after', passing: 1, signal: 'SIGSTOP' })
      await until(() => member.said.some(({ kind }) => kind === 'fault'), {
        what: 'the member to stand still',
      })
      const runtime = await group.here()
      expect(await runtime.reached(group.options.name, await group.events.log.head())).toBe(true)
      member.signal('SIGCONT')
      const refused = (): boolean =>
        member.said.some(({ kind, error }) => kind === 'problem' && String(error).includes('another owner'))
      await until(refused, { what: 'the late write to be refused' })
      await expectEachOnce(group, upTo(eventCount))
    },
  )

  const points: readonly FailpointName[] = [
    'handler:before',
    'handler:after',
    'advance:before-commit',
    'advance:after-commit',
    'action:before-send',
    'action:after-send',
    'settle:before-commit',
    'settle:after-commit',
  ]

  test(
    'a kill between any two steps loses nothing, repeats no write and hides no repeated delivery',
    patience,
    async () => {
      const groups = points.map(async (at) => {
        await using group = await open()
        await append(group, eventCount, [freshStream(), freshStream(), freshStream()])
        const member = group.elsewhere({ at, passing: 2, signal: 'SIGKILL' })
        expect(await member.ended).toBe('SIGKILL')
        expect(member.said.filter(({ kind }) => kind === 'fault')).toEqual([{ kind: 'fault', at }])
        const runtime = await group.here()
        expect(await runtime.reached(group.options.name, await group.events.log.head())).toBe(true)
        await expectEachOnce(group, upTo(eventCount))
      })
      await Promise.all(groups)
    },
  )
})

/** The store's name, which its log carries. */
function nameOf({ events }: Group): string {
  return events.log.name.replace(/\.events$/, '')
}

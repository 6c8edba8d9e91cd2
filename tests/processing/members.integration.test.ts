import { createEventDecoder, createStreamId, setFailpointHandler } from '@millrace/contracts'
import type { EventStore, FailpointName, ProcessorStore } from '@millrace/contracts'
import { openPostgresStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { ProcessingFact, ProcessorRuntime } from '@millrace/processing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { deliveriesOf, tally } from './support/courier.ts'
import { fresh, openLedger } from './support/database.ts'
import type { Ledger } from './support/database.ts'
import { eventually } from './support/eventually.ts'
import type { MemberSettings } from './support/member-main.ts'
import { memberProcessor } from './support/member-processor.ts'
import type { MemberOptions } from './support/member-processor.ts'
import { startMember } from './support/member.ts'
import type { Member } from './support/member.ts'
import { openReceiver } from './support/receiver.ts'
import type { Receiver } from './support/receiver.ts'
import { counted } from './support/rig.ts'

const leaseTtlMs = 1_500
const eventCount = 12
const streams = 3

interface Row {
  readonly n: number
  readonly stream: string
  /** The process that wrote it. */
  readonly writer: number
}

/** A processor over a log in Postgres that several processes run, and what came of it. */
interface Group extends AsyncDisposable {
  readonly options: MemberOptions
  readonly events: EventStore
  readonly store: ProcessorStore
  readonly receiver: Receiver
  /** Appends events `from`..`from + count - 1`, spread over three streams. */
  append(from: number, count: number): Promise<void>
  /** A member in a process of its own. */
  member(fault?: MemberSettings['fault']): Member
  /** A member in this process. */
  here(): ProcessorRuntime
  rows(): Promise<readonly Row[]>
}

async function openGroup(ledger: Ledger, partitions = 1): Promise<Group> {
  const { schema, store, database } = ledger
  const events = await openPostgresStore({ database, schema })
  const receiver = await openReceiver()
  const table = `${schema}.${fresh('rows')}`
  // No key on purpose: a repeated write must show as a second row.
  await database.script(`create table ${table} (seq bigserial, n int, stream text, version int, writer int)`)
  const category = fresh('member')
  const options: MemberOptions = { name: fresh('member'), partitions, url: receiver.url, table, category }
  const runtimes: ProcessorRuntime[] = []
  const members: Member[] = []
  const processor = memberProcessor(options)
  return {
    options,
    events,
    store,
    receiver,
    append: async (from, count) => {
      for (let n = from; n < from + count; n++) {
        const stream = createStreamId(category, `k${n % streams}`)
        await events.append(stream, [counted(n)], { expectedVersion: 'any' })
      }
    },
    member: (fault) => {
      const settings = { postgres: inject('servers').postgres, schema, processor: options, leaseTtlMs }
      const member = startMember(fault === undefined ? settings : { ...settings, fault })
      members.push(member)
      return member
    },
    here: () => {
      const decode = createEventDecoder()
      const settings = {
        log: events.log,
        store,
        decode,
        processors: [processor],
        leaseTtlMs,
        pollMs: 100,
        batchSize: 4,
      }
      const runtime = createProcessorRuntime(settings)
      runtimes.push(runtime)
      return runtime
    },
    rows: () => database.query(`select n, stream, writer from ${table} order by seq`),
    [Symbol.asyncDispose]: async () => {
      for (const runtime of runtimes) await runtime[Symbol.asyncDispose]()
      for (const member of members) await member[Symbol.asyncDispose]()
      await receiver[Symbol.asyncDispose]()
    },
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Every event is in the read model once, in the order of its stream. */
async function expectEachOnce(group: Group, count: number): Promise<void> {
  const rows = await group.rows()
  expect(rows.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(upTo(count))
  for (const stream of new Set(rows.map((row) => row.stream))) {
    const numbers = rows.filter((row) => row.stream === stream).map(({ n }) => n)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
}

/** Every delivery was delivered; one that was sent twice says so in its attempts. */
async function expectEachDelivered(group: Group, count: number): Promise<void> {
  const { store, options, receiver } = group
  await eventually(() => tally(store, options.name)).toEqual({ delivered: count })
  const deliveries = await deliveriesOf(store, options.name)
  expect(new Set(receiver.keys)).toEqual(new Set(deliveries.map(({ id }) => id)))
  for (const { id, attempts } of deliveries) {
    const sent = receiver.keys.filter((key) => key === id).length
    expect(sent).toBeGreaterThanOrEqual(1)
    expect(sent).toBeLessThanOrEqual(attempts.length)
    expect(attempts.at(-1)?.outcome).toBe('delivered')
    expect(attempts.slice(0, -1).every(({ outcome }) => outcome === 'unknown')).toBe(true)
  }
}

describe('several processes on one Postgres', () => {
  let ledger: Ledger
  beforeAll(async () => {
    ledger = await openLedger('postgres')
  })
  afterAll(async () => {
    await ledger[Symbol.asyncDispose]()
  })

  test('each partition has one owner, each event is handled once, and an orderly stop hands over within a second', async () => {
    await using group = await openGroup(ledger, 4)
    const [first, second] = [group.here(), group.here()]
    await Promise.all([first.start(), second.start()])
    await group.append(0, eventCount)
    const head = await group.events.log.head()
    expect(await first.reached(group.options.name, head)).toBe(true)
    expect(await second.reached(group.options.name, head)).toBe(true)
    await expectEachOnce(group, eventCount)
    await expectEachDelivered(group, eventCount)
    expect(group.receiver.keys).toHaveLength(eventCount)
    const [mine, others] = await Promise.all([first.status(), second.status()])
    for (const [partition, report] of mine.entries())
      expect(new Set([report.state, others[partition]?.state])).toEqual(
        new Set(['running', 'waiting-for-lease']),
      )

    const from = performance.now()
    await first[Symbol.asyncDispose]()
    const owned = async (): Promise<boolean> =>
      (await second.status()).every(({ state, owner }) => state === 'running' && owner === second.owner)
    await eventually(owned).toBe(true)
    expect(performance.now() - from).toBeLessThan(1_000)
    await group.append(eventCount, 4)
    expect(await second.reached(group.options.name, await group.events.log.head())).toBe(true)
    await expectEachOnce(group, eventCount + 4)
  })

  test('trap 15: a killed owner is taken over once its lease is over; what it was sending is unknown and sent again with its key', async () => {
    await using group = await openGroup(ledger)
    group.receiver.hang(true)
    await group.append(0, 1)
    const member = group.member()
    await eventually(() => group.receiver.keys.length).toBe(1)
    member.kill('SIGKILL')
    await member.ended
    const from = performance.now()
    group.receiver.hang(false)
    const runtime = group.here()
    const facts: ProcessingFact[] = []
    runtime.onChange((fact) => facts.push(fact))
    await runtime.start()
    await expectEachDelivered(group, 1)
    expect(performance.now() - from).toBeLessThan(leaseTtlMs + 2_000)
    const [delivery] = await deliveriesOf(group.store, group.options.name)
    expect(delivery?.attempts).toMatchObject([
      { number: 1, outcome: 'unknown', durationMs: undefined },
      { number: 2, outcome: 'delivered', statusCode: 204 },
    ])
    expect(group.receiver.keys).toEqual([delivery?.id, delivery?.id])
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'attempts-unknown', count: 1 }))
    await expectEachOnce(group, 1)
  })

  test('trap 15: an owner stopped between its handler and its write is refused when it comes back', async () => {
    await using group = await openGroup(ledger)
    const member = group.member({ at: 'handler:after', passing: 1, signal: 'SIGSTOP' })
    await group.append(0, eventCount)
    await eventually(() => member.said.filter(({ kind }) => kind === 'fault').length).toBe(1)

    // The next owner has the partition but writes nothing yet, so that a late write would find the checkpoint where
    // its own handler saw it.
    const gate = Promise.withResolvers<void>()
    let held = false
    setFailpointHandler((name) => {
      if (name !== 'handler:before') return undefined
      held = true
      return gate.promise
    })
    const runtime = group.here()
    try {
      await runtime.start()
      await eventually(() => held).toBe(true)
      member.kill('SIGCONT')
      const refused = (): boolean =>
        member.said.some(
          ({ kind, error }) => kind === 'problem' && String(error).includes('another owner took over'),
        )
      await eventually(refused).toBe(true)
      await eventually(
        () => member.said.findLast(({ kind }) => kind === 'partition-changed')?.['state'],
      ).toBe('waiting-for-lease')
      expect(await group.rows()).toEqual([])
    } finally {
      setFailpointHandler(undefined)
      gate.resolve()
    }
    expect(await runtime.reached(group.options.name, await group.events.log.head())).toBe(true)
    await expectEachOnce(group, eventCount)
    await expectEachDelivered(group, eventCount)
    expect(new Set((await group.rows()).map(({ writer }) => writer))).toEqual(new Set([process.pid]))
    expect(group.receiver.keys).toHaveLength(eventCount)
    expect((await runtime.status())[0]).toMatchObject({ state: 'running', owner: runtime.owner })
  })

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

  test.each(points)('trap 4: a kill at %s loses nothing and hides no repeat', async (at) => {
    await using group = await openGroup(ledger)
    await group.append(0, eventCount)
    const member = group.member({ at, passing: 2, signal: 'SIGKILL' })
    expect(await member.ended).toMatchObject({ signal: 'SIGKILL' })
    expect(member.said.filter(({ kind }) => kind === 'fault')).toEqual([{ kind: 'fault', at }])
    const runtime = group.here()
    await runtime.start()
    expect(await runtime.reached(group.options.name, await group.events.log.head())).toBe(true)
    await expectEachOnce(group, eventCount)
    await expectEachDelivered(group, eventCount)
  })

  test.each(['recover:before-commit', 'recover:after-commit'] as const)(
    'a second kill at %s is survived too',
    async (at) => {
      await using group = await openGroup(ledger)
      await group.append(0, eventCount)
      const first = group.member({ at: 'action:after-send', passing: 1, signal: 'SIGKILL' })
      expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
      const second = group.member({ at, passing: 1, signal: 'SIGKILL' })
      expect(await second.ended).toMatchObject({ signal: 'SIGKILL' })
      expect(second.said.filter(({ kind }) => kind === 'fault')).toEqual([{ kind: 'fault', at }])
      const runtime = group.here()
      await runtime.start()
      expect(await runtime.reached(group.options.name, await group.events.log.head())).toBe(true)
      await expectEachOnce(group, eventCount)
      await expectEachDelivered(group, eventCount)
    },
  )
})

import { effectFreeStoreContract } from '@millrace/conformance'
import { createEventDecoder, FencedError, isMillraceError } from '@millrace/contracts'
import type { Lease, ProcessorStore } from '@millrace/contracts'
import { openJetStreamProcessorStore } from '@millrace/jetstream'
import type { JetStreamProcessorStore } from '@millrace/jetstream'
import { createProcessorRuntime, defineAction, defineProcessor } from '@millrace/processing'
import type { ProcessorDefinition, ProcessorRuntime } from '@millrace/processing'
import { startNats, startToxiproxy } from '@millrace/tools/services'
import type { NatsServer } from '@millrace/tools/services'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { fact, freshStream, upTo } from './support/events.ts'
import { until } from './support/eventually.ts'
import { killLeader } from './support/faults.ts'
import { advanceTo, startLeaseProcess } from './support/leases.ts'
import type { LeaseProcess, LeaseSettings } from './support/leases.ts'
import { RawStream } from './support/raw-stream.ts'
import { openTarget } from './support/store-target.ts'
import type { StoreTarget } from './support/store-target.ts'
import { freshName, startServers, startTimeoutMs, topologies } from './support/topologies.ts'
import type { Servers, Topology } from './support/topologies.ts'

const patience = { timeout: 60_000 }
const started = new Map<Topology, Promise<Servers>>()

async function serversOf(topology: Topology): Promise<Servers> {
  const starting = started.get(topology) ?? startServers(topology)
  started.set(topology, starting)
  return await starting
}

afterAll(async () => {
  for (const starting of started.values()) await (await starting)[Symbol.asyncDispose]()
})

effectFreeStoreContract({
  name: 'the JetStream processor store, three replicas on a cluster of three servers',
  open: async () => {
    const { servers, name } = (await serversOf('R3')).newTarget()
    const store = await openJetStreamProcessorStore({ servers, name, replicas: 3 })
    return { store, [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]() }
  },
})

let oldest: Promise<NatsServer> | undefined

effectFreeStoreContract({
  name: 'the JetStream processor store on nats-server 2.11',
  open: async () => {
    const { url } = await (oldest ??= startNats({ version: '2.11' }))
    const store = await openJetStreamProcessorStore({ servers: url, name: freshName() })
    return { store, [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]() }
  },
})

afterAll(async () => {
  await (await oldest)?.[Symbol.asyncDispose]()
})

test.each([
  ['without JetStream', { jetstream: false }, 'JetStream'],
  ['that is too old', { version: '2.10' }, '2.10.27'],
] as const)('a server %s is refused', patience, async (_what, options, message) => {
  await using server = await startNats(options)
  await expect(openJetStreamProcessorStore({ servers: server.url })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'servers',
    message: expect.stringContaining(message) as string,
  })
})

async function opened(
  { servers, name, replicas, clientName = 'test' }: StoreTarget,
  patienceMs = 5_000,
): Promise<JetStreamProcessorStore> {
  const target = { servers, name, patienceMs, clientName, ...(replicas === undefined ? {} : { replicas }) }
  const store = await openJetStreamProcessorStore(target)
  onTestFinished(async () => await store[Symbol.asyncDispose]())
  return store
}

async function registered(store: ProcessorStore): Promise<string> {
  const processor = freshName('leased')
  const { checkpoint: start } = advanceTo(0)
  await store.register({ processor, partitions: 1, log: 'test', start })
  return processor
}

function processOf(settings: LeaseSettings): LeaseProcess {
  const child = startLeaseProcess(settings)
  onTestFinished(async () => await child[Symbol.asyncDispose]())
  return child
}

/** One more try of a call that an election or a cut connection left without an answer. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable || error instanceof FencedError) throw error
    }
  }
}

describe.each(topologies)('leases and checkpoints without SQL, %s', (topology) => {
  let servers: Servers
  beforeAll(async () => {
    servers = await serversOf(topology)
  }, startTimeoutMs)

  const leaseSettings = (
    target: StoreTarget,
    part: Omit<LeaseSettings, 'target' | 'ttlMs' | 'goal'>,
  ): LeaseSettings => {
    const { servers: urls, name, replicas = 1 } = target
    return { target: { servers: urls, name, replicas }, ttlMs: 300, goal: 150, ...part }
  }

  test(
    'of four processes that want one partition one has it at a time, under growing epochs',
    patience,
    async () => {
      const target = servers.newTarget()
      const store = await opened(target)
      const processor = await registered(store)
      const members = upTo(4).map((seed) =>
        processOf(leaseSettings(target, { processor, part: 'race', seed })),
      )
      expect(await Promise.all(members.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
      const news = members.flatMap((each) => each.news)
      const epochs = news.flatMap((each) => (each.kind === 'granted' ? [each.epoch] : []))
      expect(new Set(epochs).size).toBe(epochs.length)
      expect(Math.max(...epochs)).toBe(epochs.length)
      // Each commit was handled under one lease, and later ones under later leases.
      const written = news
        .flatMap((each) => (each.kind === 'advanced' ? [each] : []))
        .toSorted((a, b) => a.commit - b.commit)
      expect(written.map(({ commit }) => commit)).toEqual(upTo(150))
      expect(written.map(({ epoch }) => epoch)).toEqual(
        written.map(({ epoch }) => epoch).toSorted((a, b) => a - b),
      )
      // The race is real: all of them had it, and late writers were refused.
      for (const each of members) expect(each.news.some(({ kind }) => kind === 'granted')).toBe(true)
      expect(news.filter(({ kind }) => kind === 'fenced').length).toBeGreaterThan(3)
      expect(await store.status()).toMatchObject([{ checkpoint: { commit: 150 }, recordsHandled: 150 }])
    },
  )

  test('a holder that stood still before its write is refused when it goes on', patience, async () => {
    const target = servers.newTarget()
    const store = await opened(target)
    const processor = await registered(store)
    const member = processOf(leaseSettings(target, { processor, part: 'stand-still', seed: 1 }))
    await until(() => member.news.some(({ kind }) => kind === 'still'), { what: 'the holder to stand still' })
    const taken: Lease[] = []
    await until(
      async () => {
        const asked = await store.acquire({ processor, partition: 0 }, { owner: 'heir', ttlMs: 60_000 })
        if (asked.kind === 'granted') taken.push(asked.lease)
        return asked.kind === 'granted'
      },
      { what: 'its lease to run out' },
    )
    const [lease] = taken
    if (lease === undefined) throw new Error('the lease was taken over')
    await store.advance(lease, advanceTo(5))
    member.signal('SIGCONT')
    expect(await member.ended).toBe(0)
    expect(member.news).toEqual([
      { kind: 'granted', epoch: 1 },
      { kind: 'still' },
      { kind: 'fenced', epoch: 1, currentEpoch: 2 },
    ])
    expect(await store.status()).toMatchObject([{ epoch: 2, checkpoint: { commit: 5 }, recordsHandled: 1 }])
  })

  test('processors without effects run on NATS alone and go on from their checkpoint', patience, async () => {
    await using rig = await Rig.open(servers)
    const seen: number[] = []
    const processor = rig.processor((n) => void seen.push(n))
    await rig.append(20)
    const first = await rig.run(processor)
    expect(await first.reached(processor.name, await rig.head())).toBe(true)
    await first[Symbol.asyncDispose]()
    await rig.append(20, 21)
    const second = await rig.run(processor)
    expect(await second.reached(processor.name, await rig.head())).toBe(true)
    expect(seen).toEqual(upTo(40))
    expect(await rig.store.status()).toMatchObject([
      { checkpoint: await rig.head(), recordsHandled: 40, epoch: 2, lastError: undefined },
    ])
    expect(await second.pause(processor.name, 'ada')).toBe(true)
    await until(async () => (await rig.store.status())[0]?.owner === undefined, {
      what: 'the lease to be given back',
    })
    await rig.append(1, 41)
    expect(await second.resume(processor.name, 'ada')).toBe(true)
    expect(await second.reached(processor.name, await rig.head())).toBe(true)
    expect(seen).toEqual(upTo(41))
  })

  test('a processor with actions is refused at the start, by name', patience, async () => {
    await using rig = await Rig.open(servers)
    const post = defineAction({ name: 'post', execute: async () => undefined })
    const processor = rig.processor(() => undefined, { actions: [post] })
    await expect(rig.run(processor)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: `processor ${processor.name}`,
    })
    expect(await rig.store.status()).toEqual([])
  })

  test(
    'a record that fails holds its partition, is reported, and is passed once it can be handled',
    patience,
    async () => {
      await using rig = await Rig.open(servers)
      let isBroken = true
      const seen: number[] = []
      let tries = 0
      const processor = rig.processor((n) => {
        if (n === 3) tries += 1
        if (n === 3 && isBroken) throw new Error('three does not fit')
        seen.push(n)
      })
      await rig.append(5)
      const runtime = await rig.run(processor)
      // Far beyond the three attempts after which it would be parked elsewhere.
      await until(() => tries > 6, { what: 'it to be tried again and again' })
      await until(async () => (await rig.store.status())[0]?.lastError === 'three does not fit', {
        what: 'the failure to show',
      })
      expect(await runtime.status()).toMatchObject([
        { state: 'failing', lastError: 'three does not fit', checkpoint: rig.places[1], recordsHandled: 2 },
      ])
      expect(new Set(seen)).toEqual(new Set([1, 2]))
      isBroken = false
      expect(await runtime.reached(processor.name, await rig.head())).toBe(true)
      expect(seen.slice(seen.indexOf(3))).toEqual([3, 4, 5])
      expect((await rig.store.status())[0]).toMatchObject({ recordsHandled: 5, parkedRecords: 0 })
    },
  )

  test('a handler that asks for a write holds its partition with the reason', patience, async () => {
    await using rig = await Rig.open(servers)
    const processor = rig.processor(() => undefined, {
      handle: (_batch, context) => context.write('insert into a values (1)'),
    })
    await rig.append(1)
    const runtime = await rig.run(processor)
    await until(async () => (await runtime.status())[0]?.state === 'failing', { what: 'it to be refused' })
    const [report] = await runtime.status()
    expect(report).toMatchObject({ recordsHandled: 0, checkpoint: { commit: 0 } })
    expect(report?.lastError).toContain('context.write')
  })

  test('a message that is no event holds the partition until it is taken away', patience, async () => {
    await using rig = await Rig.open(servers)
    const seen: number[] = []
    const processor = rig.processor((n) => void seen.push(n))
    await rig.append(2)
    await using raw = await RawStream.open(rig.target)
    const foreign = await raw.publish(`${rig.target.name}.es.00.order.foreign`, Uint8Array.of(0xff, 0, 1))
    await rig.append(2, 3)
    const runtime = await rig.run(processor)
    await until(async () => (await runtime.status())[0]?.state === 'failing', { what: 'it to be held' })
    expect(await runtime.status()).toMatchObject([{ checkpoint: rig.places[1], recordsHandled: 2 }])
    expect(seen).toEqual([1, 2])
    await raw.deleteMessage(foreign)
    expect(await runtime.reached(processor.name, await rig.head())).toBe(true)
    expect(seen).toEqual(upTo(4))
  })
})

describe('faults under leases and checkpoints without SQL', () => {
  test('an advance whose answer was cut off is counted once', patience, async () => {
    await using servers = await startServers('R1')
    await using toxiproxy = await startToxiproxy()
    const way = await toxiproxy.open(servers.nodes[0] ?? { port: 0 })
    const target = servers.newTarget()
    const judge = await opened(target)
    const processor = await registered(judge)
    const clientName = freshName('cut')
    const through = { ...target, clientName, servers: [`nats://127.0.0.1:${way.port}`] }
    const store = await opened(through, 20_000)
    const connections = async (): Promise<readonly number[]> =>
      (await servers.nodes[0]?.monitor.connectionsOf(clientName)) ?? []
    const asked = await store.acquire({ processor, partition: 0 }, { owner: 'cut', ttlMs: 60_000 })
    if (asked.kind !== 'granted') throw new Error('the lease was free')
    let storedUnanswered = 0
    for (const commit of upTo(20)) {
      await until(async () => (await connections()).length === 1, { what: 'the store to be connected' })
      const [cid] = await connections()
      // Less than an acknowledgement has.
      await way.add({ type: 'limit_data', stream: 'downstream', attributes: { bytes: 1 + (commit % 9) } })
      const advancing = store.advance(asked.lease, advanceTo(commit))
      await until(async () => !(await connections()).includes(cid ?? 0), { what: 'the connection to be cut' })
      if ((await judge.status())[0]?.checkpoint.commit === commit) storedUnanswered += 1
      await way.mend()
      await advancing
    }
    expect(storedUnanswered).toBeGreaterThan(9)
    expect(await judge.status()).toMatchObject([{ checkpoint: { commit: 20 }, recordsHandled: 20, epoch: 1 }])
  })

  test(
    'a leader that is killed during renewals gives nobody a second lease',
    { timeout: 120_000 },
    async () => {
      const servers = await serversOf('R3')
      const target = servers.newTarget()
      const store = await opened(target)
      const processor = await registered(store)
      const stop = new AbortController()
      // One that holds and two that want it; whoever has it renews and advances.
      const members = upTo(3).map((n) =>
        contend(target, { processor, owner: `member-${n}`, stop: stop.signal }),
      )
      await until(async () => Number((await store.status())[0]?.checkpoint.commit) > 20, { what: 'a holder' })
      const before = Number((await store.status())[0]?.checkpoint.commit)
      await killLeader(servers, `KV_${target.name}`, () => {})
      await until(
        async () => Number((await insist(() => store.status()))[0]?.checkpoint.commit) > before + 40,
        { what: 'the work to go on', deadlineMs: 60_000 },
      )
      stop.abort()
      const histories = await Promise.all(members)
      const wrote = histories.flatMap(({ written }) => written).toSorted((a, b) => a.commit - b.commit)
      const [status] = await insist(() => store.status())
      expect(wrote.map(({ commit }) => commit)).toEqual(upTo(Number(status?.checkpoint.commit)))
      expect(status?.recordsHandled).toBe(wrote.length)
      const epochs = wrote.map(({ epoch }) => epoch)
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
      for (const epoch of new Set(epochs))
        expect(histories.filter(({ written }) => written.some((each) => each.epoch === epoch))).toHaveLength(
          1,
        )
      // It hit: somebody waited for an answer through the election.
      expect(Math.max(...histories.map(({ worstMs }) => worstMs))).toBeGreaterThan(1_000)
    },
  )
})

interface History {
  readonly written: readonly { readonly commit: number; readonly epoch: number }[]
  readonly worstMs: number
}

/** Takes the lease when it can, then advances commit by commit and renews, until it is fenced or told to stop. */
async function contend(
  target: StoreTarget,
  at: { readonly processor: string; readonly owner: string; readonly stop: AbortSignal },
): Promise<History> {
  const store = await opened(target)
  const written: { commit: number; epoch: number }[] = []
  let worstMs = 0
  const timed = async <T>(call: () => Promise<T>): Promise<T> => {
    const from = performance.now()
    const result = await insist(call)
    worstMs = Math.max(worstMs, performance.now() - from)
    return result
  }
  const { processor, owner, stop } = at
  const tryIt = async (): Promise<boolean> => {
    const asked = await timed(() => store.acquire({ processor, partition: 0 }, { owner, ttlMs: 2_000 }))
    if (asked.kind === 'granted') await hold(asked.lease)
    return stop.aborted
  }
  await until(tryIt, { what: 'the contest to be over', deadlineMs: 100_000 })
  return { written, worstMs }

  async function hold(lease: Lease): Promise<void> {
    try {
      for (let { commit } = lease.checkpoint; !stop.aborted;) {
        commit += 1
        const next = commit
        await timed(() => store.advance(lease, advanceTo(next)))
        written.push({ commit: next, epoch: lease.epoch })
        await timed(() => store.renew(lease, 2_000))
      }
      await timed(() => store.release(lease))
    } catch (error) {
      if (!(error instanceof FencedError)) throw error
    }
  }
}

/** An event store, leases on the same servers and runtimes over both, which end with the test. */
class Rig implements AsyncDisposable {
  readonly target: StoreTarget
  readonly store: ProcessorStore
  /** Where each event that was appended lies, in order. */
  readonly places: unknown[] = []
  readonly #events: Awaited<ReturnType<typeof openTarget>>
  readonly #resources: AsyncDisposableStack

  private constructor(parts: {
    readonly target: StoreTarget
    readonly store: ProcessorStore
    readonly events: Awaited<ReturnType<typeof openTarget>>
    readonly resources: AsyncDisposableStack
  }) {
    this.target = parts.target
    this.store = parts.store
    this.#events = parts.events
    this.#resources = parts.resources
  }

  static async open(servers: Servers): Promise<Rig> {
    const target = servers.newTarget()
    const resources = new AsyncDisposableStack()
    const events = resources.use(await openTarget(target))
    const { servers: urls, name, replicas = 1 } = target
    const store = resources.use(await openJetStreamProcessorStore({ servers: urls, name, replicas }))
    return new Rig({ target, store, events, resources })
  }

  processor(
    handle: (n: number) => void,
    change: Partial<ProcessorDefinition> = {},
  ): ReturnType<typeof defineProcessor> {
    return defineProcessor({
      name: freshName('free'),
      startFrom: 'beginning',
      retry: { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 },
      handle: (batch) => {
        for (const { data } of batch) handle((data as { readonly n: number }).n)
      },
      ...change,
    })
  }

  /** Appends events `from` and on. */
  async append(count: number, from = 1): Promise<void> {
    for (let n = from; n < from + count; n++) {
      const { position } = await this.#events.append(freshStream(), [fact(n)], { expectedVersion: 0 })
      this.places.push(position)
    }
  }

  async head(): ReturnType<ProcessorRuntimeLog['head']> {
    return await this.#events.log.head()
  }

  async run(processor: ReturnType<typeof defineProcessor>): Promise<ProcessorRuntime> {
    const runtime = createProcessorRuntime({
      log: this.#events.log,
      store: this.store,
      decode: createEventDecoder(),
      processors: [processor],
      leaseTtlMs: 1_500,
      pollMs: 50,
    })
    this.#resources.use(runtime)
    await runtime.start()
    return runtime
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

type ProcessorRuntimeLog = Awaited<ReturnType<typeof openTarget>>['log']

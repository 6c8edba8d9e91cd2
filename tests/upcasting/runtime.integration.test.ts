import { createEventDecoder } from '@millrace/contracts'
import type { EventStore, NewEvent, Position, ProcessorStore } from '@millrace/contracts'
import { openJetStreamProcessorStore } from '@millrace/jetstream'
import { openMemoryStore } from '@millrace/memory'
import { openPglite, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime, defineAction, defineProcessor } from '@millrace/processing'
import type {
  Processor,
  ProcessorRuntime,
  ProcessorRuntimeOptions,
  ProcessingFact,
} from '@millrace/processing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { cartUpcasters, fresh, freshCart, mending, old } from './support/cart.ts'
import { dropStream, natsServers } from './support/stores.ts'

const retry = { shape: 'fixed', initialMs: 1, jitter: 'none', maxAttempts: 2 } as const
const decode = createEventDecoder({ upcast: cartUpcasters.upcast })

/** What a runtime of these tests has; everything ends with the test. */
class Bench implements AsyncDisposable {
  readonly events: EventStore
  readonly #store: ProcessorStore
  readonly #resources = new AsyncDisposableStack()

  constructor(events: EventStore, store: ProcessorStore) {
    this.events = events
    this.#store = store
    this.#resources.use(events)
  }

  async append(...events: readonly NewEvent[]): Promise<Position> {
    const { position } = await this.events.append(freshCart(), events, { expectedVersion: 'no-stream' })
    if (position === undefined) throw new Error('nothing was appended')
    return position
  }

  async run(processor: Processor, change: Partial<ProcessorRuntimeOptions> = {}): Promise<ProcessorRuntime> {
    const { log } = this.events
    const options = {
      log,
      store: this.#store,
      decode,
      processors: [processor],
      leaseTtlMs: 3_000,
      pollMs: 50,
    }
    const runtime = this.#resources.use(createProcessorRuntime({ ...options, ...change }))
    await runtime.start()
    return runtime
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}

/** Keeps what its handler was given. */
function collector(change: Partial<Parameters<typeof defineProcessor>[0]> = {}): {
  readonly processor: Processor
  readonly seen: string[]
} {
  const seen: string[] = []
  const processor = defineProcessor({
    name: fresh('collector'),
    startFrom: 'beginning',
    retry,
    ...change,
    handle: (batch) => {
      for (const { type, schemaVersion } of batch) seen.push(`${type}@${schemaVersion}`)
    },
  })
  return { processor, seen }
}

beforeEach(() => {
  mending.done = false
})

describe('upcasting in the runtime, with a ledger', () => {
  let ledger: { readonly store: ProcessorStore; readonly close: () => Promise<void> }
  beforeAll(async () => {
    const database = await openPglite('memory')
    ledger = {
      store: await openProcessorStore({ database }),
      close: async () => await database[Symbol.asyncDispose](),
    }
  })
  afterAll(() => ledger.close())
  const bench = async (): Promise<Bench> => new Bench(await openMemoryStore(), ledger.store)

  test('a handler sees events as they are today: lifted, split, dropped and renamed', async () => {
    await using rig = await bench()
    const { processor, seen } = collector()
    const runtime = await rig.run(processor)
    const end = await rig.append(
      old('ItemAdded', { article: 'a' }),
      old('Viewed'),
      old('Bought', { skus: ['a', 'b'] }),
      old('Abandoned'),
      old('Unrelated'),
    )
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(seen).toEqual(['ItemAdded@3', 'ItemAdded@3', 'ItemAdded@3', 'Closed@1', 'Closed@1', 'Unrelated@1'])
  })

  test('a filter names types as they are read: what was stored under others is found, the rest of a split left out', async () => {
    await using rig = await bench()
    const { processor, seen } = collector({ filter: { types: ['Closed'] } })
    await rig.append(old('ItemAdded', { article: 'a' }), old('Abandoned'), old('Bought', { skus: ['a'] }))
    const runtime = await rig.run(processor)
    expect(await runtime.reached(processor.name, await rig.append(old('Closed', { why: 'x' })))).toBe(true)
    expect(seen).toEqual(['Closed@1', 'Closed@1', 'Closed@1'])
  })

  test('a filter for a type as which nothing is read any more is refused', async () => {
    await using rig = await bench()
    const { processor } = collector({ filter: { types: ['Abandoned'] } })
    await expect(rig.run(processor)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: `processor ${processor.name}.filter.types`,
    })
  })

  test('each part of a split has deliveries of its own: one that dies is retried alone', async () => {
    await using rig = await bench()
    const delivered: string[] = []
    let broken = true
    const post = defineAction({
      name: 'post',
      retry: { shape: 'fixed', initialMs: 1, jitter: 'none', maxAttempts: 1 },
      execute: async ({ envelope }) => {
        if (broken && envelope.part?.index === 1) throw new Error('refused')
        delivered.push(`${envelope.part?.index} ${envelope.type}`)
      },
    })
    const processor = defineProcessor({
      name: fresh('courier'),
      startFrom: 'beginning',
      actions: [post],
      handle: (batch, context) => {
        for (const envelope of batch) context.deliver('post', envelope)
      },
    })
    const runtime = await rig.run(processor)
    const end = await rig.append(old('Bought', { skus: ['a', 'b'] }))
    expect(await runtime.reached(processor.name, end)).toBe(true)
    const listed = async () => (await ledger.store.deadLetters.list({ processor: processor.name })).items
    await expect.poll(listed, { timeout: 20_000 }).toHaveLength(1)
    await expect.poll(() => delivered.toSorted(), { timeout: 20_000 }).toEqual(['0 ItemAdded', '2 Closed'])
    const [letter] = await listed()
    expect(letter?.recordId).toMatch(/^[0-9A-Z]{26}#1$/)
    expect(letter?.id).toContain('#1')
    expect(letter?.record?.description['type']).toBe('Bought')
    broken = false
    expect(await ledger.store.deadLetters.retry(letter?.id ?? '', 'ops')).toBe(true)
    await expect.poll(() => delivered, { timeout: 20_000 }).toContain('1 ItemAdded')
    expect(delivered).toHaveLength(3)
  })

  test.each([false, true])(
    'an event that cannot be lifted is parked and the stream goes on (skipping: %s); mended, it is handled',
    async (skipUpcastErrors) => {
      await using rig = await bench()
      const { processor, seen } = collector()
      const facts: ProcessingFact[] = []
      const runtime = await rig.run(processor, { skipUpcastErrors })
      runtime.onChange((fact) => facts.push(fact))
      const end = await rig.append(old('Broken'), old('ItemAdded', {}, 9), old('Closed', { why: 'x' }))
      expect(await runtime.reached(processor.name, end)).toBe(true)
      expect(seen).toEqual(['Closed@1'])
      const parked = async () =>
        (await ledger.store.deadLetters.list({ processor: processor.name, kind: 'parked' })).items
      const [broken, unknown] = await parked()
      expect([broken?.reason, unknown?.reason]).toEqual([
        expect.stringContaining('the upcaster is broken'),
        expect.stringContaining('schema version 9'),
      ])
      const skipped = skipUpcastErrors ? 2 : 0
      expect(await runtime.status()).toMatchObject([{ parkedRecords: 2, skippedRecords: skipped }])
      expect(facts.filter(({ kind }) => kind === 'record-skipped')).toHaveLength(skipped)
      mending.done = true
      await ledger.store.deadLetters.retry(broken?.id ?? '', 'ops')
      await expect.poll(parked, { timeout: 20_000 }).toHaveLength(1)
      expect(seen).toEqual(['Closed@1', 'Closed@1'])
    },
  )

  test.each([
    [false, []],
    [true, ['Closed@1']],
  ] as const)(
    'behind one that is parked its stream waits where that is asked for, but not with skipping (%s)',
    async (skipUpcastErrors, handled) => {
      await using rig = await bench()
      const { processor, seen } = collector({ onParked: 'hold' })
      const runtime = await rig.run(processor, { skipUpcastErrors })
      const end = await rig.append(old('Broken'), old('Closed', { why: 'x' }))
      expect(await runtime.reached(processor.name, end)).toBe(true)
      expect(seen).toEqual(handled)
      mending.done = true
      const { items } = await ledger.store.deadLetters.list({ processor: processor.name, kind: 'parked' })
      await ledger.store.deadLetters.retry(items[0]?.id ?? '', 'ops')
      await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['Closed@1', 'Closed@1'])
    },
  )
})

describe('upcasting in the runtime, where nothing can be parked', () => {
  const bucket = fresh('upcast')
  let store: Awaited<ReturnType<typeof openJetStreamProcessorStore>>
  beforeAll(async () => {
    store = await openJetStreamProcessorStore({ servers: natsServers(), name: bucket })
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await dropStream(`KV_${bucket}`)
  })
  const bench = async (): Promise<Bench> => new Bench(await openMemoryStore(), store)

  test('an event that cannot be lifted holds its partition until the upcaster is mended', async () => {
    await using rig = await bench()
    const { processor, seen } = collector()
    const runtime = await rig.run(processor)
    await rig.append(old('ItemAdded', { article: 'a' }))
    const end = await rig.append(old('Broken'))
    await rig.append(old('Closed', { why: 'x' }))
    await expect.poll(async () => (await runtime.status())[0]?.state, { timeout: 20_000 }).toBe('failing')
    expect(seen).toEqual(['ItemAdded@3'])
    mending.done = true
    expect(await runtime.reached(processor.name, end)).toBe(true)
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['ItemAdded@3', 'Closed@1', 'Closed@1'])
  })

  test('with skipping it is passed over, counted and told; one that cannot even be read still holds', async () => {
    await using rig = await bench()
    const { processor, seen } = collector()
    const facts: ProcessingFact[] = []
    const runtime = await rig.run(processor, {
      skipUpcastErrors: true,
      decode: (stored) => decode(stored.type === 'Garbled' ? { ...stored, payload: '{' } : stored),
    })
    runtime.onChange((fact) => facts.push(fact))
    const end = await rig.append(old('Broken'), old('Closed', { why: 'x' }))
    expect(await runtime.reached(processor.name, end)).toBe(true)
    expect(seen).toEqual(['Closed@1'])
    await expect.poll(async () => (await runtime.status())[0]?.skippedRecords, { timeout: 20_000 }).toBe(1)
    expect(facts.filter(({ kind }) => kind === 'record-skipped')).toMatchObject([
      { processor: processor.name, reason: expect.stringContaining('the upcaster is broken') as unknown },
    ])
    await rig.append(old('Garbled'))
    await expect.poll(async () => (await runtime.status())[0]?.state, { timeout: 20_000 }).toBe('failing')
  })
})

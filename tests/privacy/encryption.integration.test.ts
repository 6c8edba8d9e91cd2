import {
  createEventDecoder,
  createIdFactory,
  createStreamId,
  decodeEvents,
  parseCommitId,
} from '@millrace/contracts'
import type { Envelope, EventStore, StoredEvent, SubjectKeyStore } from '@millrace/contracts'
import { openMemoryStore, openMemorySubjectKeys } from '@millrace/memory'
import { createPrivacy, localKeyProvider } from '@millrace/privacy'
import type { Privacy, PrivacyOptions } from '@millrace/privacy'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { Customer, person, personal } from './support/customers.ts'
import { openers } from './support/stores.ts'

const stores = openers()
const provider = localKeyProvider([{ id: 'm1', key: new Uint8Array(32).fill(1) }])
const request = { by: 'ada', reason: 'they asked' }
const expectedVersion = 'any' as const
const mint = createIdFactory()

function open(keys: SubjectKeyStore, options: Partial<PrivacyOptions> = {}): Privacy {
  return createPrivacy({ personal, keys, provider, ...options })
}

const dataOf = async (privacy: Privacy, events: AsyncIterable<StoredEvent>): Promise<readonly unknown[]> =>
  (await collect<Envelope>(decodeEvents(events, createEventDecoder({ decrypt: privacy.decrypt })))).map(
    ({ data }) => data,
  )

/** The methods of a store of keys, to be replaced one by one. */
function keysOf(keys: SubjectKeyStore): SubjectKeyStore {
  return {
    find: (subjects) => keys.find(subjects),
    add: (key) => keys.add(key),
    rewrap: (key, from) => keys.rewrap(key, from),
    erase: (subject, why) => keys.erase(subject, why),
    complete: (subject) => keys.complete(subject),
    incomplete: () => keys.incomplete(),
    list: (options) => keys.list(options),
    [Symbol.asyncDispose]: () => keys[Symbol.asyncDispose](),
  }
}

const erasedData = [
  {
    name: '[erased]',
    address: { street: null, city: 'Köln' },
    born: null,
    phones: [{ kind: 'work', number: '' }],
    balance: 12n,
  },
  { amount: 5 },
  { text: '[erased]' },
]

describe.for(stores)('personal data on %s', ([, openStore]) => {
  test('is read as it was appended, and is ciphertext in the store', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys)
    const store = privacy.protect(raw)
    const ada = person('ada', 'Ada')
    await store.append(ada.stream, ada.events, { expectedVersion: 'no-stream' })
    expect(await dataOf(privacy, store.read(ada.stream))).toEqual(ada.events.map(({ data }) => data))
    const stored = await collect(raw.read(ada.stream))
    expect(stored.map(({ encryption }) => encryption?.subject)).toEqual(['ada', undefined, 'ada'])
    const bytes = stored.map(({ payload }) => Buffer.from(payload).toString('latin1')).join('\n')
    for (const word of ada.words) expect(bytes).not.toContain(word)
    // What is not personal stays readable.
    expect(bytes).toContain('K\u00c3\u00b6ln')
  })

  test('reads as declared once its subject was erased, by every way of reading, and nobody else is touched', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys)
    const store = privacy.protect(raw)
    const [ada, bob] = [person('ada "é😀"', 'Ada'), person('bob', 'Bob')]
    for (const { stream, events } of [ada, bob]) await store.append(stream, events, { expectedVersion })
    const before = await collect(store.read(ada.stream))
    expect(await privacy.erase(ada.id, request)).toMatchObject({ ...request, destroyedKey: true })
    const decode = createEventDecoder({ decrypt: privacy.decrypt })
    // Also what was read before the erasure and is decoded after it.
    expect(before.flatMap(decode).map(({ data }) => data)).toEqual(erasedData)
    expect(await dataOf(privacy, store.read(ada.stream))).toEqual(erasedData)
    const everything = [...erasedData, ...bob.events.map(({ data }) => data)]
    expect(await dataOf(privacy, store.readAll())).toEqual(everything)
    const { records } = await store.log.readBatch(await store.log.beginning())
    expect(records.flatMap(decode).map(({ data }) => data)).toEqual(everything)
    const first = records[0] as StoredEvent
    const again = await store.log.readAt(first.position)
    expect(again === undefined ? [] : decode(again).map(({ data }) => data)).toEqual([erasedData[0]])
    for (const envelope of records.flatMap(decode)) expect(() => Customer.$.parse(envelope)).not.toThrow()
  })

  test('is appended nowhere where its declared path leads into something else', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const store = open(keys).protect(raw)
    const ada = person('ada', 'Ada')
    const [registered] = ada.events
    const odd = { ...registered, data: { ...registered.data, address: 'StreetAda 5' } }
    await expect(store.append(ada.stream, [odd], { expectedVersion })).rejects.toMatchObject({
      code: 'ERR_EVENT_SERIALIZATION',
    })
    expect(await raw.exists(ada.stream)).toBe(false)
  })

  test('cannot be appended for an erased subject, and the rest of its stream can', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys)
    const store = privacy.protect(raw)
    const ada = person('ada', 'Ada')
    await privacy.erase('ada', request)
    await expect(store.append(ada.stream, ada.events, { expectedVersion })).rejects.toMatchObject({
      code: 'ERR_SUBJECT_ERASED',
      subject: 'ada',
    })
    await store.append(ada.stream, [Customer.OrderPlaced({ amount: 1 })], { expectedVersion })
    expect(await raw.currentVersion(ada.stream)).toBe(1)
  })

  test('may be appended again under its commit id: the first result, also by another process', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const ada = person('ada', 'Ada')
    const [privacy, other] = [open(keys), open(keys)]
    const commitId = parseCommitId(mint())
    const first = await privacy.protect(raw).append(ada.stream, ada.events, { expectedVersion, commitId })
    const again = await other.protect(raw).append(ada.stream, ada.events, { expectedVersion, commitId })
    expect(again).toEqual({ ...first, replayed: true })
    const changed = [Customer.NoteTaken({ text: 'another' })]
    await expect(
      other.protect(raw).append(ada.stream, changed, { expectedVersion, commitId }),
    ).rejects.toMatchObject({
      code: 'ERR_DUPLICATE_EVENT',
    })
    const id = mint()
    const named = { ...Customer.NoteTaken({ text: 'named' }), id }
    await privacy.protect(raw).append(ada.stream, [named], { expectedVersion })
    expect(await other.protect(raw).append(ada.stream, [named], { expectedVersion })).toMatchObject({
      replayed: true,
    })
  })

  test('is refused where it was moved to another event, stream or type', async () => {
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys)
    const store = privacy.protect(raw)
    const ada = person('ada', 'Ada')
    await store.append(ada.stream, [...ada.events, Customer.NoteTaken({ text: 'second' })], {
      expectedVersion,
    })
    const stored = await collect(store.read(ada.stream))
    const [fields, , note, second] = stored.map(
      (event) => ({ ...JSON.parse(JSON.stringify(event)), ...plain(event) }) as StoredEvent,
    )
    if (fields === undefined || note === undefined || second === undefined) throw new Error('four events')
    const failed: unknown = expect.objectContaining({ code: 'ERR_DECRYPTION_FAILED' })
    expect(Buffer.from(privacy.decrypt(note)).toString()).toContain('Secret')
    expect(() => privacy.decrypt({ ...note, id: second.id })).toThrow(failed)
    expect(() => privacy.decrypt({ ...note, streamId: createStreamId('customer', 'bob') })).toThrow(failed)
    expect(() => privacy.decrypt({ ...note, type: 'OrderPlaced' })).toThrow(failed)
    expect(() => privacy.decrypt({ ...note, schemaVersion: 2 })).toThrow(failed)
    const swapped = String(fields.payload)
      .replace('"name":', '"was":')
      .replace('"street":', '"name":')
      .replace('"was":', '"street":')
    expect(() => privacy.decrypt({ ...fields, payload: swapped })).toThrow(failed)
    for (let i = 0; i < note.payload.length; i++) {
      const payload = Uint8Array.from(note.payload as Uint8Array)
      payload[i] = (payload[i] ?? 0) ^ 1
      expect(() => privacy.decrypt({ ...note, payload })).toThrow(failed)
    }
  })
})

/** A stored event's fields may be getters. */
function plain(event: StoredEvent): StoredEvent {
  const { id, streamId, type, schemaVersion, contentType, payload, encryption } = event
  return { id, streamId, type, schemaVersion, contentType, payload, encryption } as StoredEvent
}

describe('keys', () => {
  async function withAda(
    options: Partial<PrivacyOptions>,
    work: (at: {
      readonly raw: EventStore
      readonly keys: SubjectKeyStore
      readonly privacy: Privacy
      readonly ada: ReturnType<typeof person>
    }) => Promise<void>,
  ): Promise<void> {
    const [, openStore] = stores[0] as (typeof stores)[number]
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys, options)
    const ada = person('ada', 'Ada')
    await privacy.protect(raw).append(ada.stream, ada.events, { expectedVersion })
    await work({ raw, keys, privacy, ada })
  }

  test('are forgotten by another process once its cache is over', async () => {
    let now = Date.now()
    await withAda({}, async ({ raw, keys, privacy, ada }) => {
      const other = open(keys, { cacheMs: 1000, now: () => now })
      const store = other.protect(raw)
      expect((await dataOf(other, store.read(ada.stream)))[2]).toEqual({ text: 'SecretAda' })
      await privacy.erase('ada', request)
      now += 1001
      expect((await dataOf(other, store.read(ada.stream)))[2]).toEqual({ text: '[erased]' })
    })
  })

  test('that are lost, not erased, are an error and nothing is taken for erased', async () => {
    await withAda({}, async ({ raw, ada }) => {
      await using empty = openMemorySubjectKeys()
      const stranger = open(empty)
      await expect(dataOf(stranger, stranger.protect(raw).read(ada.stream))).rejects.toMatchObject({
        code: 'ERR_KEY_UNAVAILABLE',
      })
    })
  })

  test('are not made ready for events that were read around the protected store, unless it is asked for', async () => {
    await withAda({}, async ({ raw, keys, ada }) => {
      const other = open(keys)
      const events = await collect(raw.read(ada.stream))
      const decode = createEventDecoder({ decrypt: other.decrypt })
      expect(() => events.flatMap(decode)).toThrow(expect.objectContaining({ code: 'ERR_KEY_UNAVAILABLE' }))
      await other.prepare(events)
      expect(events.flatMap(decode)).toHaveLength(3)
    })
  })

  test('are of no use under another master key, and go on under a new one once they were wrapped anew', async () => {
    await withAda({}, async ({ raw, keys, ada }) => {
      const fresh = { id: 'm2', key: new Uint8Array(32).fill(2) }
      const onlyNew = open(keys, { provider: localKeyProvider([fresh]) })
      await expect(dataOf(onlyNew, onlyNew.protect(raw).read(ada.stream))).rejects.toMatchObject({
        code: 'ERR_KEY_UNAVAILABLE',
        keyId: 'm1',
      })
      const both = open(keys, {
        provider: localKeyProvider([fresh, { id: 'm1', key: new Uint8Array(32).fill(1) }]),
      })
      expect([await both.rewrapKeys(), await both.rewrapKeys()]).toEqual([1, 0])
      expect(await dataOf(onlyNew, onlyNew.protect(raw).read(ada.stream))).toHaveLength(3)
    })
  })

  test('of a subject are made once, however many appends race for it', async () => {
    const [, openStore] = stores[0] as (typeof stores)[number]
    await using raw = await openStore()
    await using keys = openMemorySubjectKeys()
    const both = [open(keys), open(keys)]
    const notes = Array.from({ length: 40 }, (_, i) => Customer.NoteTaken({ text: `note ${i}` }))
    const stream = createStreamId('customer', 'ada')
    await Promise.all(
      notes.map(
        async (note, i) => await both[i % 2]?.protect(raw).append(stream, [note], { expectedVersion }),
      ),
    )
    const [reader] = both
    if (reader === undefined) throw new Error('two of them')
    const texts = (await dataOf(reader, reader.protect(raw).read(stream))) as { text: string }[]
    expect(texts.map(({ text }) => text).toSorted()).toEqual(notes.map(({ data }) => data.text).toSorted())
    expect(await keys.list()).toHaveLength(1)
  })
})

describe('an erasure', () => {
  test('cleans what is outside the log, and is gone on with after a failure', async () => {
    await using keys = openMemorySubjectKeys()
    const cleaned: string[] = []
    let broken = true
    const erasers = [
      { name: 'first', erase: async (subject: string) => void cleaned.push(`first ${subject}`) },
      {
        name: 'second',
        erase: async (subject: string) => {
          if (broken) throw new Error('search index is down')
          cleaned.push(`second ${subject}`)
        },
      },
    ]
    const privacy = open(keys, { erasers })
    await expect(privacy.erase('ada', request)).rejects.toThrow('search index is down')
    await expect(privacy.resumeErasures()).rejects.toMatchObject({
      code: 'ERR_ERASURE_INCOMPLETE',
      subjects: ['ada'],
    })
    expect(await privacy.incompleteErasures()).toEqual(['ada'])
    broken = false
    expect(await privacy.resumeErasures()).toEqual(['ada'])
    expect(await privacy.resumeErasures()).toEqual([])
    expect(cleaned).toEqual(['first ada', 'first ada', 'first ada', 'second ada'])
    expect(await privacy.inspect('ada')).toMatchObject({ kind: 'erased' })
  })

  test('that cannot be completed keeps no other one from it', async () => {
    await using keys = openMemorySubjectKeys()
    const erase = async (subject: string): Promise<void> => {
      if (subject === 'bad') throw new Error('no such stream')
    }
    const privacy = open(keys, { erasers: [{ name: 'streams', erase }] })
    for (const subject of ['bad', 'good']) await keys.erase(subject, request)
    await expect(privacy.resumeErasures()).rejects.toMatchObject({ subjects: ['bad'] })
    expect(await privacy.incompleteErasures()).toEqual(['bad'])
  })

  test('reaches events that were read before, although their key left the cache since', async () => {
    await using raw = await openMemoryStore()
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys, { maxCachedKeys: 1 })
    const store = privacy.protect(raw)
    const [ada, bob] = [person('ada', 'Ada'), person('bob', 'Bob')]
    for (const { stream, events } of [ada, bob]) await store.append(stream, events, { expectedVersion })
    const read = await collect(store.readAll())
    const both = async (): Promise<unknown> =>
      read.flatMap(createEventDecoder({ decrypt: privacy.decrypt })).map(({ data }) => data)
    expect(await both()).toEqual([...ada.events, ...bob.events].map(({ data }) => data))
    await privacy.erase('ada', request)
    expect(await both()).toEqual([...erasedData, ...bob.events.map(({ data }) => data)])
  })

  test('that the store may have made although it failed is asked for before the key is used again', async () => {
    await using raw = await openMemoryStore()
    await using keys = openMemorySubjectKeys()
    const cut: SubjectKeyStore = {
      ...keysOf(keys),
      erase: async (subject, why) => {
        await keys.erase(subject, why)
        throw new Error('the connection was lost')
      },
    }
    const privacy = open(cut)
    const store = privacy.protect(raw)
    const ada = person('ada', 'Ada')
    await store.append(ada.stream, ada.events, { expectedVersion })
    await expect(privacy.erase('ada', request)).rejects.toThrow('the connection was lost')
    await expect(store.append(ada.stream, ada.events, { expectedVersion })).rejects.toMatchObject({
      code: 'ERR_SUBJECT_ERASED',
    })
  })

  test('that appends of two processes race with leaves nothing readable, whoever won', async () => {
    for (let round = 0; round < 20; round++) {
      let now = Date.now()
      await using raw = await openMemoryStore()
      await using keys = openMemorySubjectKeys()
      const both = [open(keys, { now: () => now }), open(keys, { now: () => now })] as const
      const stream = createStreamId('customer', 'ada')
      const append = async (i: number): Promise<unknown> => {
        const store = both[i % 2 === 0 ? 0 : 1].protect(raw)
        return await store.append(stream, [Customer.NoteTaken({ text: `secret ${i}` })], { expectedVersion })
      }
      if (round % 2 === 0) await append(0)
      const racing = Array.from({ length: 10 }, async (_, i) => {
        if (i === round % 10) await both[0].erase('ada', request)
        return await append(i)
      })
      const results = await Promise.allSettled(racing)
      const refusals = results.flatMap((result) =>
        result.status === 'rejected' ? [(result.reason as { readonly code?: string }).code] : [],
      )
      expect(new Set(refusals).difference(new Set(['ERR_SUBJECT_ERASED']))).toEqual(new Set())
      await expect(append(0)).rejects.toMatchObject({ code: 'ERR_SUBJECT_ERASED' })
      // What the other process appended with the key it still had reads as erased too, there once its cache is over.
      now += 60_001
      await expect(append(1)).rejects.toMatchObject({ code: 'ERR_SUBJECT_ERASED' })
      const fresh = open(keys)
      for (const privacy of [...both, fresh]) {
        const read = await dataOf(privacy, privacy.protect(raw).read(stream))
        expect(read).toEqual(read.map(() => ({ text: '[erased]' })))
      }
      const stored = await collect(raw.read(stream))
      expect(stored.map(({ payload }) => Buffer.from(payload).toString('latin1')).join('\n')).not.toContain(
        'secret',
      )
    }
  })

  test('of a snapshot takes one of its subjects', async () => {
    await using keys = openMemorySubjectKeys()
    const privacy = open(keys)
    const { snapshotSealing } = privacy
    const context = {
      streamId: createStreamId('meeting', '1'),
      name: 's',
      version: 7 as never,
      subjects: ['ada', 'bob'],
    }
    const state = Buffer.from('{"guests":["Ada","Bob"]}')
    const sealed = await snapshotSealing.seal(state, context)
    if (sealed === undefined) throw new Error('sealed')
    expect(Buffer.from(sealed.bytes).toString('latin1')).not.toContain('Ada')
    expect(sealed.encryption.map(({ subject }) => subject)).toEqual(['ada', 'bob'])
    expect(Buffer.from((await snapshotSealing.open(sealed, context)) ?? '')).toEqual(state)
    await expect(snapshotSealing.open(sealed, { ...context, version: 8 as never })).rejects.toMatchObject({
      code: 'ERR_DECRYPTION_FAILED',
    })
    await privacy.erase('bob', request)
    expect(await snapshotSealing.open(sealed, context)).toBeUndefined()
    expect(await snapshotSealing.seal(state, context)).toBeUndefined()
  })
})

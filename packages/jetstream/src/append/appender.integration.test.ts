import { createIdFactory, parseCommitId, parseEventId, setFailpointHandler } from '@millrace/contracts'
import type { CommitId, StoredEvent, StreamId } from '@millrace/contracts'
import { afterEach, describe, expect, test } from 'vitest'

import { eventually } from '../../fixtures/eventually.ts'
import { collect, facts, freshStream, openRawStore } from '../../fixtures/raw-store.ts'
import type { RawStore } from '../../fixtures/raw-store.ts'
import type { NatsLink } from '../link/nats-link.ts'
import { headerOf } from '../link/raw-message.ts'
import type { JetStreamStore } from '../store/jetstream-store.ts'
import { guardLine, headerBlock } from '../wire/encode-message.ts'
import { Subjects } from '../wire/subjects.ts'
import { parseTrail, trailHeaderName } from '../wire/trail.ts'

afterEach(() => setFailpointHandler(undefined))

async function eventsOf(store: JetStreamStore, id: StreamId): Promise<StoredEvent[]> {
  return await collect(store.read(id))
}

const versions = (events: readonly StoredEvent[]): number[] => events.map(({ version }) => version)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
const freshCommitId = (now?: () => number): CommitId => parseCommitId(createIdFactory(now)())

describe('an append', () => {
  test('builds on what this process knows, and notices what another has written', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    await using other = await raw.reopen()
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    await other.append(id, facts(2), { expectedVersion: 1 })
    expect(await store.append(id, facts(1), { expectedVersion: 'any' })).toMatchObject({ version: 4 })
    await other.append(id, facts(1), { expectedVersion: 'any' })
    expect(await store.append(id, facts(1), { expectedVersion: 'stream-exists' })).toMatchObject({
      version: 6,
    })
    await other.append(id, facts(1), { expectedVersion: 6 })
    await expect(store.append(id, facts(1), { expectedVersion: 6 })).rejects.toMatchObject({
      conflict: { expected: 6, actual: 7 },
    })
    expect(await store.append(id, facts(1), { expectedVersion: 7 })).toMatchObject({ version: 8 })
    expect(versions(await eventsOf(store, id))).toEqual(upTo(8))
  })

  test('sets times after those of another process whose clock is ahead', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    await using other = await raw.reopen({ now: () => Date.now() + 3_600_000 })
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    await other.append(id, facts(1), { expectedVersion: 1 })
    await store.append(id, facts(3), { expectedVersion: 'any' })
    const times = (await eventsOf(store, id)).map(({ occurredAt }) => occurredAt.getTime())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(times.slice(1)).size).toBe(1)
  })

  test('leaves a trail to the messages before it, longer by one each time, whoever wrote them', async () => {
    await using raw = await openRawStore()
    const { store, leader, subjects } = raw
    await using other = await raw.reopen()
    const id = freshStream()
    const sequences: number[] = []
    for (let n = 0; n < 40; n++) {
      const writer = n % 3 === 0 ? other : store
      const { position } = await writer.append(id, facts(1), { expectedVersion: n })
      sequences.push(position?.commit ?? 0)
      if (n % 5 === 0) await store.append(freshStream(), facts(1), { expectedVersion: 0 })
    }
    const last = await leader.last(subjects.stream(id))
    const trail = parseTrail(headerOf(last?.headers ?? '', trailHeaderName) ?? '', last?.sequence ?? 0)
    expect(trail).toEqual(sequences.slice(-33, -1).toReversed())
  })

  test('of more streams than heads are kept of still goes on with each', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    for (let from = 0; from < 20_100; from += 300)
      await Promise.all(
        Array.from(
          { length: 300 },
          async () => await store.append(freshStream(), facts(1), { expectedVersion: 0 }),
        ),
      )
    expect(await store.append(id, facts(1), { expectedVersion: 1 })).toMatchObject({ version: 2 })
  }, 120_000)
})

/** Breaks the connection while the work is done, each time after a few more pieces of it. */
async function whileBreaking(
  { connection }: RawStore,
  pieces: readonly (() => Promise<unknown>)[],
): Promise<number> {
  let [breaks, done, failed] = [0, 0, false]
  const work = (async () => {
    for (const piece of pieces) {
      await piece()
      done += 1
    }
  })().catch((error: unknown) => {
    failed = true
    throw error
  })
  for (let next = 2; next < pieces.length; next += 3) {
    await eventually(() => failed || done >= next)
    if (failed) break
    await connection.reconnect()
    breaks += 1
  }
  await work
  return breaks
}

describe('an append whose answer is lost', () => {
  test('is there once, and says so, with one writer and with many', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const ids = [freshStream(), freshStream(), freshStream()]
    let replayed = 0
    const write = async (id: StreamId, n: number): Promise<void> => {
      const receipt = await store.append(id, facts(1 + (n % 3)), { expectedVersion: 'any' })
      if (receipt.replayed) replayed += 1
    }
    const rounds = Array.from(
      { length: 300 },
      (_, n) => async () => await Promise.all(ids.map(async (id) => await write(id, n))),
    )
    expect(await whileBreaking(raw, rounds)).toBeGreaterThan(50)
    for (const id of ids) expect(versions(await eventsOf(store, id))).toEqual(upTo(600))
    expect(replayed).toBe(0)
  }, 120_000)

  test('is there once where its commit was named, also in a batch', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const [a, b] = [freshStream(), freshStream()]
    const rounds = Array.from({ length: 60 }, (_, n) => async () => {
      const commitId = freshCommitId()
      await store.append(a, facts(1), { expectedVersion: 2 * n, commitId })
      const writes = [a, b].map((streamId) => ({
        streamId,
        events: facts(1),
        expectedVersion: 'any' as const,
      }))
      const foreignId = { source: 'test', id: commitId }
      expect(await store.commit(writes, { foreignId })).toMatchObject({ replayed: false })
    })
    expect(await whileBreaking(raw, rounds)).toBeGreaterThan(10)
    expect(versions(await eventsOf(store, a))).toEqual(upTo(120))
    expect(versions(await eventsOf(store, b))).toEqual(upTo(60))
  }, 120_000)

  test('is there once though another writer appends meanwhile', async () => {
    await using raw = await openRawStore()
    const { store, connection } = raw
    await using other = await raw.reopen()
    const id = freshStream()
    for (let n = 0; n < 20; n++) {
      const broken = connection.reconnect()
      const appends = [store, other].map(
        async (writer) => await writer.append(id, facts(1), { expectedVersion: 'any' }),
      )
      await broken
      const receipts = await Promise.all(appends)
      expect(receipts.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([2 * n + 1, 2 * n + 2])
    }
    expect(versions(await eventsOf(store, id))).toEqual(upTo(40))
  })

  test('is told as unknown when nobody answers for too long, and may be sent again', async () => {
    await using raw = await openRawStore({ patienceMs: 300, requestTimeoutMs: 100 })
    const { store, connection } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    const servers = connection.getServers().map(({ listen }) => listen)
    const commitId = freshCommitId()
    connection.setServers(['127.0.0.1:1'])
    await connection.reconnect()
    await expect(store.append(id, facts(1), { expectedVersion: 1, commitId })).rejects.toMatchObject({
      code: 'ERR_CONNECTION',
      retryable: true,
      message: expect.stringContaining('send it again with its commit id') as string,
    })
    connection.setServers(servers)
    await expect
      .poll(
        async () => await store.append(id, facts(1), { expectedVersion: 1, commitId }).catch(() => undefined),
      )
      .toMatchObject({ version: 2 })
    expect(versions(await eventsOf(store, id))).toEqual([1, 2])
  })
})

/** Waits until JetStream does not remember ids any more that were used before the call, in a window of 100 ms. */
async function forgotten(link: NatsLink, name: string): Promise<void> {
  const subject = new Subjects(name).fence('forgotten')
  const headers = headerBlock(guardLine('Nats-Msg-Id', 'forgotten') + guardLine('Nats-TTL', '1s'))
  await link.request({ subject, payload: '', headers })
  await eventually(async () => {
    const reply = await link.request({ subject, payload: '', headers })
    return !reply.string().includes('duplicate')
  })
}

/** Takes the server away from the store; the returned function gives it back. */
async function disconnected({ connection, store }: RawStore): Promise<() => Promise<void>> {
  const servers = connection.getServers().map(({ listen }) => listen)
  connection.setServers(['127.0.0.1:1'])
  await connection.reconnect()
  return async () => {
    connection.setServers(servers)
    await eventually(
      async () =>
        await store.health().then(
          () => true,
          () => false,
        ),
    )
  }
}

describe('appends that wait for each other', () => {
  test('are all given up in time when nobody answers, and those whose turn comes too late are never sent', async () => {
    await using raw = await openRawStore({ patienceMs: 400, requestTimeoutMs: 200 })
    const { store } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    const reconnect = await disconnected(raw)
    const begun = performance.now()
    const writes = [id, freshStream()].map((streamId) => ({
      streamId,
      events: facts(1),
      expectedVersion: 'any' as const,
    }))
    const works = Array.from({ length: 40 }, async (_, n) => {
      if (n % 4 === 1) return await store.commit(writes)
      if (n % 4 === 2) return await store.tombstone(id, { expectedVersion: 'any', reason: 'asked' })
      return await store.append(id, facts(1), { expectedVersion: 'any' })
    })
    const outcomes = await Promise.allSettled(works)
    // Patience, one request and the pause behind it, and what a busy machine takes.
    expect(performance.now() - begun).toBeLessThan(2_000)
    const reasons = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? String(outcome.reason) : 'recorded',
    )
    expect(reasons.filter((reason) => /nothing was written/.test(reason)).length).toBeGreaterThan(30)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    await reconnect()
    // Only one that says that it may have been recorded may have been.
    const open = reasons.filter((reason) => /may have been recorded/.test(reason))
    expect((await store.currentVersion(id)) - 1).toBeLessThanOrEqual(open.length)
  })
})

describe('many appends at once to one stream', () => {
  test('wait for each other for longer than one may take, as long as there are answers', async () => {
    const patienceMs = 100
    await using raw = await openRawStore({ patienceMs })
    const { store } = raw
    const id = freshStream()
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: 1_500 }, async () => await store.append(id, facts(1), { expectedVersion: 'any' })),
    )
    expect(performance.now() - begun).toBeGreaterThan(patienceMs)
    expect(await store.currentVersion(id)).toBe(1_500)
  })
})

describe('a commit that is repeated', () => {
  test('is found by the time of its id, however much came after it', async () => {
    await using raw = await openRawStore()
    const { store, link, name } = raw
    const id = freshStream()
    // Recorded now under an id of an hour ago: JetStream forgets it at once.
    const { config } = await link.api<{ readonly config: object }>(`STREAM.INFO.${name}`)
    await link.api(`STREAM.UPDATE.${name}`, { ...config, duplicate_window: 100_000_000 })
    const commitId = freshCommitId(() => Date.now() - 3_600_000)
    const first = await store.append(id, facts(2), { expectedVersion: 0, commitId })
    for (let n = 0; n < 300; n++) await store.append(id, facts(1), { expectedVersion: 2 + n })
    expect(await store.append(id, facts(2), { expectedVersion: 0, commitId })).toEqual({
      ...first,
      replayed: true,
    })
    expect(await store.append(id, facts(2), { expectedVersion: 'any', commitId })).toEqual({
      ...first,
      replayed: true,
    })
    await expect(store.append(id, facts(3), { expectedVersion: 'any', commitId })).rejects.toMatchObject({
      code: 'ERR_DUPLICATE_EVENT',
      id: commitId,
    })
    expect(await store.currentVersion(id)).toBe(302)
    const unknown = freshCommitId(() => Date.now() - 3_600_000)
    expect(await store.append(id, facts(1), { expectedVersion: 302, commitId: unknown })).toMatchObject({
      version: 303,
      replayed: false,
    })
  })

  test('with an id from the future is refused, before anything is written', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    const commitId = freshCommitId(() => Date.now() + 60_000)
    const refusal = { code: 'ERR_INVALID_VALUE', field: 'options.commitId' }
    const ahead = store.append(id, facts(1), { expectedVersion: 0, commitId })
    await expect(ahead).rejects.toMatchObject(refusal)
    const eventId = parseEventId(commitId)
    const byEvent = store.append(id, facts(1, { id: eventId }), { expectedVersion: 0 })
    await expect(byEvent).rejects.toMatchObject(refusal)
    const writes = [id, freshStream()].map((streamId) => ({
      streamId,
      events: facts(1),
      expectedVersion: 'any' as const,
    }))
    await expect(store.commit(writes, { commitId })).rejects.toMatchObject(refusal)
    expect((await store.health()).messages).toBe(0)
    const soon = freshCommitId(() => Date.now() + 20_000)
    const first = await store.append(id, facts(1), { expectedVersion: 0, commitId: soon })
    expect(await store.append(id, facts(1), { expectedVersion: 0, commitId: soon })).toEqual({
      ...first,
      replayed: true,
    })
  })

  test.each([-80_000, 3_600_000])(
    'is found by a process whose own clock is wrong by %i ms',
    async (wrongMs) => {
      await using raw = await openRawStore()
      const { store, link, name } = raw
      await using other = await raw.reopen({ now: () => Date.now() + wrongMs })
      const { config } = await link.api<{ readonly config: object }>(`STREAM.INFO.${name}`)
      await link.api(`STREAM.UPDATE.${name}`, { ...config, duplicate_window: 100_000_000 })
      const id = freshStream()
      const commitId = freshCommitId(() => Date.now() - 90_000)
      const first = await store.append(id, facts(1), { expectedVersion: 0, commitId })
      await forgotten(link, name)
      const again = await other.append(id, facts(1), { expectedVersion: 'any', commitId })
      expect(again).toEqual({ ...first, replayed: true })
      // What a process with a wrong clock names by itself can be repeated too.
      const minted = await other.append(id, facts(1), { expectedVersion: 1 })
      const named = { expectedVersion: 1, commitId: minted.commitId ?? commitId }
      expect(await store.append(id, facts(1), named)).toEqual({ ...minted, replayed: true })
    },
  )

  test('over several streams is found as long as one of them still has its part', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const [a, b, c] = [freshStream(), freshStream(), freshStream()]
    const commitId = freshCommitId(() => Date.now() - 600_000)
    const writes = [
      { streamId: a, events: facts(2), expectedVersion: 0 },
      { streamId: b, events: facts(1), expectedVersion: 0 },
      { streamId: c, events: [], expectedVersion: 'any' as const },
    ]
    const first = await store.commit(writes, { commitId })
    await store.append(a, facts(1), { expectedVersion: 2 })
    await store.append(c, facts(4), { expectedVersion: 0 })
    const again = await store.commit(writes, { commitId })
    expect(again.streams.map(({ version, position }) => [version, position])).toEqual([
      ...first.streams.slice(0, 2).map(({ version, position }) => [version, position]),
      [4, undefined],
    ])
    await store.tombstone(b, { expectedVersion: 1, reason: 'asked' })
    await expect(store.commit(writes, { commitId })).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT' })
  })

  test('after its stream was closed is refused as one to a closed stream', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    const commitId = freshCommitId()
    await store.append(id, facts(1), { expectedVersion: 0, commitId })
    await store.tombstone(id, { expectedVersion: 1, reason: 'asked' })
    await expect(store.append(id, facts(1), { expectedVersion: 0, commitId })).rejects.toMatchObject({
      code: 'ERR_STREAM_TOMBSTONED',
    })
    const elsewhere = store.append(freshStream(), facts(1), { expectedVersion: 0, commitId })
    await expect(elsewhere).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT', id: commitId })
    const several = [id, freshStream()].map((streamId) => ({
      streamId: streamId === id ? freshStream() : streamId,
      events: facts(1),
      expectedVersion: 0,
    }))
    await expect(store.commit(several, { commitId })).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT' })
  })
})

describe('a commit of several messages', () => {
  test('holds what one message could not, at one position', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    await store.append(id, facts(3), { expectedVersion: 0 })
    const text = 'x'.repeat(400_000)
    const large = Array.from({ length: 7 }, (_, n) => ({ type: 'grown', data: { n, text } }))
    const receipt = await store.append(id, large, { expectedVersion: 3 })
    expect(receipt).toMatchObject({ version: 10, position: { index: 6 }, replayed: false })
    const events = await eventsOf(store, id)
    expect(versions(events)).toEqual(upTo(10))
    expect(events.slice(3).map(({ position }) => position)).toEqual(
      large.map((_, index) => ({ ...receipt.position, index })),
    )
    expect(await store.append(id, facts(1), { expectedVersion: 10 })).toMatchObject({ version: 11 })
    expect(versions(await eventsOf(store, id))).toEqual(upTo(11))
    expect(await store.append(id, facts(1), { expectedVersion: 'any' })).toMatchObject({ version: 12 })
  })

  test('is refused where even so it is too large, and nothing is written', async () => {
    await using raw = await openRawStore({ maxEventBytes: 4_000_000 })
    const { store } = raw
    const id = freshStream()
    const event = { type: 'grown', data: 'x'.repeat(2_000_000) }
    await expect(store.append(id, [event], { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'ERR_PAYLOAD_TOO_LARGE',
    })
    const writes = Array.from({ length: 1001 }, () => ({
      streamId: freshStream(),
      events: facts(1),
      expectedVersion: 0,
    }))
    await expect(store.commit(writes)).rejects.toMatchObject({
      code: 'ERR_PAYLOAD_TOO_LARGE',
      maxBytes: 1000,
    })
    expect(await store.exists(id)).toBe(false)
    expect((await store.health()).messages).toBe(0)
  })

  test('is guarded by the streams it only checks', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    await using other = await raw.reopen()
    const [written, checked] = [freshStream(), freshStream()]
    const commit = async (expectedVersion: number | 'stream-exists'): Promise<unknown> =>
      await store.commit([
        { streamId: written, events: facts(1), expectedVersion: 'any' },
        { streamId: checked, events: [], expectedVersion },
      ])
    expect(await commit(0)).toMatchObject({ streams: [{ version: 1 }, { version: 0, position: undefined }] })
    await other.append(checked, facts(2), { expectedVersion: 0 })
    await expect(commit(0)).rejects.toMatchObject({ conflict: { streamId: checked, actual: 2 } })
    // Another writer comes in between what was read and what is written.
    const state = { appended: 0 }
    setFailpointHandler(async () => {
      setFailpointHandler(undefined)
      state.appended += 1
      await other.append(checked, facts(1), { expectedVersion: 2 })
    })
    expect(await commit('stream-exists')).toMatchObject({ streams: [{ version: 2 }, { version: 3 }] })
    expect(state.appended).toBe(1)
    expect(versions(await eventsOf(store, written))).toEqual([1, 2])
  })

  test('whose foreign id leads to nothing that can be read fails as corrupt', async () => {
    await using raw = await openRawStore()
    const { store, link, subjects } = raw
    const foreignId = { source: 'github', id: 'x' }
    await link.request({ subject: subjects.foreignId(foreignId), payload: '{"format":2}' })
    const append = store.append(freshStream(), facts(1), { expectedVersion: 0, foreignId })
    await expect(append).rejects.toMatchObject({ code: 'ERR_STREAM_CORRUPT', sequence: 1 })
  })

  test('without batches on the server is refused as one that is not supported', async () => {
    await using raw = await openRawStore()
    const { store, link, name } = raw
    const { config } = await link.api<{ readonly config: object }>(`STREAM.INFO.${name}`)
    await link.api(`STREAM.UPDATE.${name}`, { ...config, allow_atomic: false })
    const writes = [freshStream(), freshStream()].map((streamId) => ({
      streamId,
      events: facts(1),
      expectedVersion: 0,
    }))
    await expect(store.commit(writes)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
    expect((await store.health()).messages).toBe(0)
  })
})

describe('a tombstone', () => {
  test('that was written but not obeyed is obeyed when it is asked for again', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    await store.append(id, facts(3), { expectedVersion: 0 })
    setFailpointHandler((name) => {
      if (name === 'append:after-commit') throw new Error('the process dies here')
    })
    await expect(store.tombstone(id, { expectedVersion: 3, reason: 'asked' })).rejects.toThrow('dies here')
    setFailpointHandler(undefined)
    expect((await store.health()).messages).toBe(2)
    expect(await store.tombstone(id, { expectedVersion: 'any', reason: 'asked' })).toMatchObject({
      version: 4,
      replayed: true,
    })
    expect((await store.health()).messages).toBe(1)
    expect(await eventsOf(store, id)).toEqual([])
  })

  test('whose events cannot be deleted in time says that the stream is closed', async () => {
    await using raw = await openRawStore({ patienceMs: 300, requestTimeoutMs: 100 })
    const { store } = raw
    const id = freshStream()
    await store.append(id, facts(3), { expectedVersion: 0 })
    let reconnect = async (): Promise<void> => await Promise.resolve()
    setFailpointHandler(async (name) => {
      if (name === 'append:after-commit') reconnect = await disconnected(raw)
    })
    await expect(store.tombstone(id, { expectedVersion: 3, reason: 'asked' })).rejects.toMatchObject({
      code: 'ERR_CONNECTION',
      message: expect.stringMatching(/is closed, but .* tombstone it again$/) as string,
    })
    setFailpointHandler(undefined)
    await reconnect()
    await expect(store.append(id, facts(1), { expectedVersion: 'any' })).rejects.toMatchObject({
      code: 'ERR_STREAM_TOMBSTONED',
    })
    await store.tombstone(id, { expectedVersion: 'any', reason: 'asked' })
    expect((await store.health()).messages).toBe(1)
  })

  test('whose answer is lost is written once', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const rounds = Array.from({ length: 60 }, () => async () => {
      const id = freshStream()
      await store.append(id, facts(2), { expectedVersion: 0 })
      expect(await store.tombstone(id, { expectedVersion: 2, reason: 'asked' })).toMatchObject({
        version: 3,
        replayed: false,
      })
    })
    expect(await whileBreaking(raw, rounds)).toBeGreaterThan(10)
    expect((await store.health()).messages).toBe(60)
  }, 120_000)
})

describe('a fenced version', () => {
  test('is the true one, whoever writes', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    await using other = await raw.reopen()
    const id = freshStream()
    expect(await store.fencedVersion(id)).toBe(0)
    const writing = (async () => {
      for (let n = 0; n < 50; n++) await other.append(id, facts(1), { expectedVersion: n })
    })()
    let last = 0
    for (let n = 0; n < 20; n++) {
      const version = await store.fencedVersion(id)
      expect(version).toBeGreaterThanOrEqual(last)
      last = version
    }
    await writing
    expect(await store.fencedVersion(id)).toBe(50)
    await other.tombstone(id, { expectedVersion: 50, reason: 'asked' })
    expect(await store.fencedVersion(id)).toBe(0)
  })

  test('leaves nothing in the log', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const id = freshStream()
    const { position } = await store.append(id, facts(1), { expectedVersion: 0 })
    expect(await store.fencedVersion(id)).toBe(1)
    expect(await store.log.head()).toEqual(position)
  })
})

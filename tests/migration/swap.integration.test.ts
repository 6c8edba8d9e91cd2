import { createStreamId } from '@millrace/contracts'
import type { EventStore, Position } from '@millrace/contracts'
import { describe, expect, inject, test, vi } from 'vitest'

import { migrate } from './support/command.ts'
import { collect, nameUpdated, person, writePeople } from './support/history.ts'
import type { History } from './support/history.ts'
import { killedAt } from './support/killed-command.ts'
import { newPlace, placeKinds } from './support/places.ts'
import type { LogPlace } from './support/places.ts'
import { Writers } from './support/writers.ts'

vi.setConfig({ testTimeout: 600_000 })

const shared = ['jetstream', 'postgres'] as const
const replaced = { code: 'ERR_LOG_REPLACED' }

interface SeededPlace extends LogPlace {
  readonly history: History
}

async function seeded(kind: LogPlace['kind']): Promise<SeededPlace> {
  const place = await newPlace(kind, inject('servers'))
  await using store = await place.open()
  return Object.assign(place, { history: await writePeople(store, 400) })
}

async function idsOf(store: EventStore): Promise<readonly string[]> {
  return (await collect(store.readAll())).map(({ id }) => id)
}

/** Goes on reading behind a position, as a processor does. */
async function followed(store: EventStore, after: Position): Promise<never> {
  for (;;) {
    await store.log.readBatch(after)
    await store.log.waitForMore(after, { timeoutMs: 1_000 })
  }
}

describe.for([...shared])('a swap on %s', (kind) => {
  test('loses nothing that writers at work were told is recorded', async () => {
    await using place = await seeded(kind)
    expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    await using writers = new Writers(place, 6)
    await vi.waitFor(() => expect(writers.acknowledged.length).toBeGreaterThan(100), { timeout: 60_000 })
    const swapped = await migrate(place, 'swap')
    expect(swapped).toMatchObject({ code: 0 })
    const before = writers.acknowledged.length
    await vi.waitFor(() => expect(writers.acknowledged.length).toBeGreaterThan(before + 100), {
      timeout: 60_000,
    })
    await writers.finish()
    expect(writers.replaced).toBeGreaterThanOrEqual(6)
    await using store = await place.open()
    const ids = await idsOf(store)
    expect(new Set(ids).size).toBe(ids.length)
    const lost = writers.acknowledged.filter(({ id }) => !ids.includes(id))
    expect(lost).toEqual([])
    for (const streamId of new Set(writers.acknowledged.map((event) => event.streamId))) {
      const versions = (await collect(store.read(streamId))).map(({ version }) => Number(version))
      expect(versions).toEqual(versions.map((_, i) => i + 1))
    }
    const verified = await migrate(place, 'verify', ['--to', `${place.name}_2`, '--sample-size', '100000'])
    expect(verified).toMatchObject({ code: 0, stderr: '' })
  })

  test('refuses old positions, and stores that were open', async () => {
    await using place = await seeded(kind)
    await using old = await place.open()
    const head = await old.log.head()
    const following = followed(old, head).catch((error: unknown) => error)
    expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    expect(await following).toMatchObject(replaced)
    await expect(old.append(person(0), [nameUpdated], { expectedVersion: 'any' })).rejects.toMatchObject(
      replaced,
    )
    await expect(
      old.commit([
        { streamId: person(0), events: [nameUpdated], expectedVersion: 'any' },
        { streamId: person(1), events: [nameUpdated], expectedVersion: 'any' },
      ]),
    ).rejects.toMatchObject(replaced)
    await expect(old.tombstone(person(0), { expectedVersion: 'any', reason: 'late' })).rejects.toMatchObject(
      replaced,
    )
    await using store = await place.open()
    expect(store.log.name).toBe(old.log.name)
    await expect(store.log.readBatch(head)).rejects.toMatchObject(replaced)
  })
})

describe.for([...placeKinds])('a swap on %s', (kind) => {
  test('is gone on with by running it again, wherever it was killed', async () => {
    // Behind the switch there is nothing left to do, and no newer copy.
    const places = [
      ['swap:before-fence', 0],
      ['swap:after-fence', 0],
      ['swap:before-switch', 0],
      ['swap:after-switch', 1],
    ] as const
    for (const [at, code] of places) {
      await using place = await seeded(kind)
      expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
      expect(await killedAt(`${at}#1`, place, 'swap')).toBe(true)
      expect(await migrate(place, 'swap')).toMatchObject({ code })
      await using store = await place.open()
      const events = await collect(store.readAll())
      expect(events).toHaveLength(place.history.lifted)
      expect(events.every(({ schemaVersion }) => schemaVersion === 3)).toBe(true)
      await store.append(person(0), [nameUpdated], { expectedVersion: place.history.first.lifted })
    }
  })

  test('is undone where it was killed, and the log is written to as before', async () => {
    await using place = await seeded(kind)
    expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    expect(await killedAt('swap:after-fence#1', place, 'swap')).toBe(true)
    expect(await migrate(place, 'swap', ['--back'])).toMatchObject({ code: 0 })
    await using store = await place.open()
    const { events, first } = place.history
    await store.append(person(0), [nameUpdated], { expectedVersion: first.recorded })
    expect(await collect(store.readAll())).toHaveLength(events + 1)
  })

  test('can be taken back as long as nothing was appended since', async () => {
    await using place = await seeded(kind)
    const { events, first } = place.history
    expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    expect(await migrate(place, 'swap', ['--back'])).toMatchObject({ code: 0 })
    {
      await using store = await place.open()
      expect(await collect(store.readAll())).toHaveLength(events)
      await store.append(person(0), [nameUpdated], { expectedVersion: first.recorded })
    }
    // The copy was in use: only a new one may take its place again.
    expect(await migrate(place, 'run')).toMatchObject({ code: 2 })
    expect(await migrate(place, 'run', ['--restart'])).toMatchObject({ code: 0 })
    expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    {
      await using store = await place.open()
      await store.append(person(0), [nameUpdated], { expectedVersion: first.lifted + 1 })
    }
    const back = await migrate(place, 'swap', ['--back'])
    expect(back).toMatchObject({ code: 1 })
    await using store = await place.open()
    expect(await store.currentVersion(person(0))).toBe(first.lifted + 2)
    await store.append(person(0), [nameUpdated], { expectedVersion: first.lifted + 2 })
  })

  test('may be followed by another', async () => {
    await using place = await seeded(kind)
    for (const name of ['_2', '_3']) {
      const ran = await migrate(place, 'run')
      expect(ran).toMatchObject({ code: 0 })
      expect(ran.stdout).toContain(`${place.name}${name}`)
      expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    }
    await using store = await place.open()
    expect(await collect(store.readAll())).toHaveLength(place.history.lifted)
  })

  test('keeps foreign ids, closed streams, and the ids of commits', async () => {
    await using place = await seeded(kind)
    const hook = { source: 'github', id: 'delivery-1' }
    const gone = createStreamId('person', 'gone')
    let commitId
    {
      await using store = await place.open()
      const streamId = createStreamId('hook', '1')
      const first = await store.append(streamId, [nameUpdated], { expectedVersion: 'any', foreignId: hook })
      commitId = first.commitId
      for (const expectedVersion of [0, 1, 2]) await store.append(gone, [nameUpdated], { expectedVersion })
      // Copied first, closed later: the copy forgets what it had.
      await store[Symbol.asyncDispose]()
      expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    }
    {
      await using store = await place.open()
      await store.tombstone(gone, { expectedVersion: 3, reason: 'asked for' })
      const early = createStreamId('person', 'early')
      await store.append(early, [nameUpdated], { expectedVersion: 0 })
      await store.tombstone(early, { expectedVersion: 1, reason: 'asked for' })
    }
    expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    await using store = await place.open()
    const again = await store.append(createStreamId('hook', '1'), [nameUpdated], {
      expectedVersion: 'any',
      foreignId: hook,
    })
    expect(again).toMatchObject({ commitId, replayed: true, version: 1 })
    expect(await store.describe(gone)).toMatchObject({ version: 4, tombstonedAt: expect.any(Date) as Date })
    expect(await collect(store.read(gone))).toEqual([])
    expect((await collect(store.readAll())).filter(({ streamId }) => streamId === gone)).toMatchObject([
      { type: '$tombstone', version: 4 },
    ])
    await expect(store.append(gone, [nameUpdated], { expectedVersion: 'any' })).rejects.toMatchObject({
      code: 'ERR_STREAM_TOMBSTONED',
    })
  })
})

import { createManagement, defineApp, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId, decodeEvents } from '@millrace/contracts'
import { appendWith, defineProjection } from '@millrace/projections'
import { createServer, serve } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { expect, test } from 'vitest'

import { dumpRows, eventually, newPlace, placeKinds } from './support/places.ts'
import { Guest, openGuests, registry } from './support/registry.ts'

const words = ['Ada-Plaintext', 'Wrote-Plaintext']
const [name = '', text = ''] = words
const ada = createStreamId('guest', 'ada')

/** Ada and Bob are registered, have written, are in the read model, in snapshots, dead letters and parked records. */
async function fill(app: App): Promise<void> {
  const { guests, settled } = openGuests(app)
  for (const [id, who, what] of [
    ['ada', name, text],
    ['bob', 'Bob', 'Hello'],
  ] as const) {
    await guests.handle(id, { type: 'register', name: who })
    await guests.handle(id, { type: 'write', text: what })
    await settled()
  }
  const management = createManagement(app)
  await eventually(
    async () => (await management.deadLetters()).deadLetters,
    (all) => all.filter(({ kind }) => kind === 'parked').length === 2 && all.length === 4,
  )
  await eventually(
    () => app.database.query<{ name: string }>('select name from guests'),
    (rows) => rows.length === 2,
  )
}

/** Everything the management API shows. */
async function shownBy(app: App): Promise<string> {
  const management = createManagement(app)
  const { deadLetters } = await management.deadLetters()
  const { deliveries } = await management.deliveries()
  const all = [
    await management.status(),
    await management.searchEvents(),
    await management.searchEvents({ raw: true }),
    await management.readStream(ada),
    await management.readStream(ada, { raw: true, direction: 'backwards' }),
    await management.listStreams(),
    deadLetters,
    await Promise.all(deadLetters.map(({ id }) => management.deadLetter(id))),
    deliveries,
    await Promise.all(deliveries.map(({ id }) => management.delivery(id))),
    await management.snapshots(ada),
  ]
  return JSON.stringify(all)
}

async function snapshotsOf(app: App): Promise<string> {
  const entries = await app.snapshots.store.list(ada)
  return entries.map((entry) => JSON.stringify(entry)).join('\n')
}

test.each(placeKinds)(
  'a person who is erased is found by no API and in no dump, and replay goes on (%s)',
  async (kind) => {
    await using place = await newPlace(kind)
    await using app = await openApp(registry, { env: { ...place.env, MILLRACE_SNAPSHOT_THRESHOLD: '1' } })
    await fill(app)
    expect(await shownBy(app)).toContain(name)
    expect((await app.snapshots.store.list(ada)).length).toBeGreaterThan(0)
    // Whoever has loaded Ada before keeps nothing of her either.
    const before = openGuests(app)
    expect((await before.guests.load('ada')).state.name).toBe(name)

    await using running = await serve(createServer(app, {}), { port: 0 })
    const erased = await millrace(['privacy', 'erase', 'ada', '--reason', 'they asked', '--url', running.url])
    expect(erased).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('its key is destroyed') as string,
    })

    await eventually(
      () => app.database.query<{ name: string }>('select name from guests'),
      (rows) => rows.length === 1,
    )
    const seen = [await shownBy(app), await dumpRows(app.database), await snapshotsOf(app)].join('\n')
    for (const word of words) {
      expect(seen).not.toContain(word)
      // As bytea columns are printed.
      expect(seen).not.toContain(Buffer.from(word).toString('hex'))
    }
    expect(seen).toContain('Bob')
    expect(seen).toContain('[erased]')

    // A fresh fold, and what decides on it, go on.
    const { guests, settled } = openGuests(app)
    for (const each of [before.guests, guests])
      expect((await each.load('ada')).state).toEqual({ name: '[erased]', texts: ['[erased]'] })
    expect((await guests.load('bob')).state).toEqual({ name: 'Bob', texts: ['Hello'] })
    await expect(guests.handle('ada', { type: 'write', text: 'more' })).rejects.toMatchObject({
      code: 'ERR_SUBJECT_ERASED',
    })
    await settled()
    const replayed: unknown[] = []
    for await (const { data } of decodeEvents(app.store.readAll(), app.decode)) replayed.push(data)
    expect(replayed).toHaveLength(5)
    // A parked record that is tried again is handled with what is left.
    const management = createManagement(app)
    const parked = (await management.deadLetters({ kind: 'parked' })).deadLetters.find(
      ({ record }) => record?.subject === 'ada',
    )
    await management.retryDeadLetter(parked?.id ?? '', { by: 'ann' })
    expect(await shownBy(app)).not.toContain(text)
  },
  120_000,
)

test('an erasure that a crash interrupted is gone on with at the next start', async () => {
  await using place = await newPlace('embedded')
  {
    await using app = await openApp(registry, { env: place.env })
    await fill(app)
    // Destroyed, and then the process ended.
    await app.database.execute(
      `update millrace.subject_keys set key_id = null, master_key_id = null, wrapped = null, erased_at = 1, erased_by = 'x', erased_reason = 'y', destroyed_key = true where subject = 'ada'`,
    )
  }
  await using app = await openApp(registry, { env: place.env })
  await eventually(
    () => app.database.query<{ name: string }>('select name from guests'),
    (rows) => rows.length === 1,
  )
  expect(await app.privacy?.resumeErasures()).toEqual([])
})

test('an eraser that fails stops no start: the status says that an erasure is not complete', async () => {
  await using place = await newPlace('embedded')
  // A subject, and no key of a stream: the eraser that appends there cannot succeed.
  const subject = 'e\u0301'
  {
    await using app = await openApp(registry, { env: place.env })
    await expect(app.privacy?.erase(subject, { by: 'ann', reason: 'x' })).rejects.toMatchObject({
      code: 'ERR_ERASURE_INCOMPLETE',
      subjects: [subject],
    })
  }
  await using app = await openApp(registry, { env: place.env })
  const { status, reasons } = await createManagement(app).status()
  expect([status, reasons]).toEqual(['degraded', expect.arrayContaining(['1 erasure not complete'])])
})

test('a read model that is fed by the appends themselves is given what is personal, and loses it', async () => {
  await using place = await newPlace('embedded')
  const names = defineProjection({
    name: 'names',
    version: 1,
    mode: 'inline',
    events: Guest,
    key: ({ streamId }) => streamId,
    initial: () => ({ name: '' }),
    evolve: {
      GuestRegistered: (_, { data }) => ({ name: data.name }),
      GuestWrote: (state) => state,
      GuestErased: () => undefined,
    },
  })
  const { privacy } = registry
  if (privacy === undefined) throw new Error('the registry encrypts')
  const definition = defineApp({ name: 'inline', projections: [names], privacy })
  await using app = await openApp(definition, { env: place.env })
  const store = appendWith(app.store, app.projections, { decode: app.decode })
  const documents = app.projections.documents(names)
  const register = Guest.GuestRegistered({ name, vip: true })
  await store.append(ada, [register], { expectedVersion: 'any' })
  // Not waited for: it is there as soon as the event is.
  expect(await documents.get(ada)).toEqual({ name })
  await app.privacy?.erase('ada', { by: 'ann', reason: 'x' })
  await app.projections.reached('names', await app.store.log.head())
  expect(await documents.get(ada)).toBeUndefined()
  await expect(store.append(ada, [register], { expectedVersion: 'any' })).rejects.toMatchObject({
    code: 'ERR_SUBJECT_ERASED',
  })
})

test('an app without privacy says so', async () => {
  await using place = await newPlace('embedded')
  await using app = await openApp(defineApp({ name: 'plain' }), { env: place.env })
  await using running = await serve(createServer(app, {}), { port: 0 })
  expect(await millrace(['privacy', 'erase', 'ada', '--url', running.url])).toMatchObject({ code: 5 })
  expect(await millrace(['privacy', 'erase', ' ', '--url', running.url])).toMatchObject({ code: 4 })
})

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createStreamId, setFailpointHandler } from '@millrace/contracts'
import type { EventStore, StoredEvent } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { archiveLog, restoreArchive, verifyArchive } from '@millrace/migration'
import { expect, inject, test, vi } from 'vitest'

import { newPlace, placeKinds } from './support/places.ts'
import type { LogPlace } from './support/places.ts'

vi.setConfig({ testTimeout: 120_000 })

const any = { expectedVersion: 'any' } as const
const [account, closed] = [createStreamId('account', 'ä/1'), createStreamId('account', 'closed')]
const later = new Date('9999-01-01')

async function fill(store: EventStore): Promise<void> {
  const metadata = {
    correlationId: 'c-1',
    causationId: 'k-1',
    tenant: 'north',
    actor: { kind: 'user', id: 'ada' },
    custom: { deep: [1, null] },
  } as const
  for (let n = 0; n < 20; n++)
    await store.append(
      account,
      [
        { type: 'deposited', data: { cents: n, note: '\u0000 "🦀"' }, schemaVersion: 2 },
        { type: 'noted', data: 2n ** 70n, tags: ['a', 'b'] },
      ],
      { ...any, metadata },
    )
  await store.append(closed, [{ type: 'opened', data: {} }], any)
  await store.tombstone(closed, { ...any, reason: 'asked for' })
}

/** Everything of an event but where it lies. On JetStream recorded-at is when the server got the message. */
function pictureOf(event: StoredEvent, kind: LogPlace['kind']): object {
  const { id, streamId, type, version, schemaVersion, commitId, occurredAt } = event
  const { metadata, tags, contentType, payload, encryption } = event
  const header = { id, streamId, type, version, schemaVersion, commitId, occurredAt }
  const recordedAt = kind === 'jetstream' ? undefined : event.recordedAt
  return {
    ...header,
    recordedAt,
    metadata,
    tags,
    contentType,
    payload,
    encryption,
    index: event.position.index,
  }
}

async function pictures(store: EventStore, kind: LogPlace['kind']): Promise<readonly object[]> {
  const all: object[] = []
  for await (const event of store.readAll()) all.push(pictureOf(event, kind))
  return all
}

test.each([...placeKinds])('an archive of %s is restored as it was, event by event', async (kind) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'millrace-archive-'))
  await using original = await newPlace(kind, inject('servers'))
  let wanted: readonly object[]
  {
    await using store = await original.open()
    await fill(store)
    wanted = await pictures(store, kind)
    const options = { source: store, folder: folder.path, before: later, eventsPerFile: 10 }
    const { files, commits, events, reached } = await archiveLog(options)
    expect({ files, commits, events }).toEqual({ files: 5, commits: 21, events: wanted.length })
    expect(reached).toEqual(await store.log.head())
    // Nothing is left to do.
    expect(await archiveLog(options)).toMatchObject({ files: 0, events: 0, reached })
  }
  expect(await verifyArchive(folder.path)).toMatchObject({ files: 5, events: wanted.length })
  await using target = await newPlace(kind, inject('servers'))
  await (await target.open())[Symbol.asyncDispose]()
  {
    await using replacement = await target.replacement()
    const progress: number[] = []
    const onProgress = ({ events }: { readonly events: number }): void => void progress.push(events)
    const summary = await restoreArchive({ folder: folder.path, replacement, onProgress })
    expect(summary.events).toBe(wanted.length)
    expect(progress.at(-1)).toBe(wanted.length)
  }
  await using restored = await target.open()
  expect(await pictures(restored, kind)).toEqual(wanted)
  expect(
    await restored.append(account, [{ type: 'deposited', data: {} }], { expectedVersion: 40 }),
  ).toMatchObject({
    version: 41,
  })
  await expect(restored.append(closed, [{ type: 'opened', data: {} }], any)).rejects.toMatchObject({
    code: 'ERR_STREAM_TOMBSTONED',
  })
})

test('only what is old enough is archived, and the rest when it is', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'millrace-archive-'))
  await using place = await newPlace('pglite', inject('servers'))
  await using store = await place.open()
  const append = async (): Promise<Date> => {
    await store.append(account, [{ type: 'deposited', data: {} }], any)
    for await (const { recordedAt } of store.readAll({ direction: 'backwards', limit: 1 })) return recordedAt
    throw new Error('what was appended is there')
  }
  const first = await append()
  await vi.waitUntil(() => Date.now() > first.getTime() + 2)
  const second = await append()
  const options = { source: store, folder: folder.path }
  expect(await archiveLog({ ...options, before: first })).toMatchObject({ events: 0, reached: undefined })
  expect(await archiveLog({ ...options, before: second })).toMatchObject({ files: 1, events: 1 })
  expect(await archiveLog({ ...options, before: later })).toMatchObject({ files: 1, events: 1 })
  expect(await verifyArchive(folder.path)).toMatchObject({ files: 2, events: 2 })
})

test('a file holds no more than memory does, and a time that is none archives nothing', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'millrace-archive-'))
  await using store = await openMemoryStore()
  const note = 'x'.repeat(900_000)
  for (let n = 0; n < 40; n++) await store.append(account, [{ type: 'noted', data: { note } }], any)
  const options = { source: store, folder: folder.path }
  await expect(archiveLog({ ...options, before: new Date('soon') })).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'options.before',
  })
  expect(await archiveLog({ ...options, before: later })).toMatchObject({ files: 2, events: 40 })
  expect(await verifyArchive(folder.path)).toMatchObject({ files: 2, events: 40 })
})

test('of two runs that add to one archive, one finds out, and what the other wrote stays sound', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'millrace-archive-'))
  await using store = await openMemoryStore()
  for (let n = 0; n < 25; n++) await store.append(account, [{ type: 'noted', data: { n } }], any)
  const options = { source: store, folder: folder.path, before: later, eventsPerFile: 10 }
  let others = 0
  setFailpointHandler(async (failpoint) => {
    if (failpoint !== 'archive:before-manifest' || others++ > 0) return
    expect(await archiveLog(options)).toMatchObject({ files: 3, events: 25 })
  })
  try {
    await expect(archiveLog(options)).rejects.toMatchObject({
      code: 'ERR_ARCHIVE',
      message: expect.stringContaining('another run') as string,
    })
  } finally {
    setFailpointHandler(undefined)
  }
  expect(await verifyArchive(folder.path)).toMatchObject({ files: 3, events: 25 })
  expect(await archiveLog(options)).toMatchObject({ files: 0 })
})

test('an archive that was changed, or is of another log, is refused by name', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'millrace-archive-'))
  await using place = await newPlace('pglite', inject('servers'))
  {
    await using store = await place.open()
    await fill(store)
    await archiveLog({ source: store, folder: folder.path, before: later, eventsPerFile: 10 })
  }
  {
    await using replacement = await place.replacement()
    await expect(restoreArchive({ folder: folder.path, replacement })).rejects.toMatchObject({
      code: 'ERR_ARCHIVE',
      message: expect.stringContaining('is not empty') as string,
    })
  }
  await using other = await newPlace('pglite', inject('servers'))
  {
    await using store = await other.open()
    await expect(archiveLog({ source: store, folder: folder.path, before: later })).rejects.toMatchObject({
      code: 'ERR_ARCHIVE',
      message: expect.stringContaining('it is of log') as string,
    })
  }
  const [name = ''] = readdirSync(folder.path).filter((file) => file.endsWith('.gz'))
  const path = join(folder.path, name)
  const bytes = readFileSync(path)
  const at = bytes.length >> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const refused = {
    code: 'ERR_ARCHIVE',
    message: expect.stringContaining(`${name} is not what was written`) as string,
  }
  await expect(verifyArchive(folder.path)).rejects.toMatchObject(refused)
  await using replacement = await other.replacement()
  await expect(restoreArchive({ folder: folder.path, replacement })).rejects.toMatchObject(refused)
  expect(await replacement.state()).toEqual({ kind: 'current' })
})

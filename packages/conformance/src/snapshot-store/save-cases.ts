import { randomBytes } from 'node:crypto'

import { createStreamId } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { freshCommitId, freshName, freshStream } from '../suite/fixtures.ts'
import { keyOf, plain, saveAt, snapshotOf, versionsOf } from './bench.ts'
import type { SnapshotStoreCase } from './bench.ts'

const megabyte = 1_048_576

/** What is saved comes back. */
export const saveCases: readonly SnapshotStoreCase[] = [
  {
    name: 'a snapshot comes back as it was saved, every field and every byte',
    run: async ({ store }) => {
      const streamId = freshStream()
      const saved = snapshotOf(streamId, 7, {
        schemaVersion: 3,
        eventVersions: { 'a.b/c:d': 2_147_483_647, 'ünïcödé "quoted"': 1 },
        compression: 'zstd',
        checksum: { algorithm: 'xxhash64', value: '0123456789abcdef' },
        contentChecksum: undefined,
        encryption: [
          { subject: 'customer 1', keyId: 'k-1' },
          { subject: 'Zoë "Z"', keyId: 'k-2' },
        ],
        position: { generation: 'abcXYZ019', commit: Number.MAX_SAFE_INTEGER - 1, index: 499 },
        state: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      })
      await store.save(saved)
      same(plain(await store.latest(streamId, { name: 'state' })), plain(saved))
    },
  },
  {
    name: 'a state of no bytes and one of several megabytes come back',
    timeoutMs: 60_000,
    run: async ({ store }) => {
      const streamId = freshStream()
      for (const [version, size] of [0, 1, megabyte - 1, 5 * megabyte + 3].entries()) {
        const saved = snapshotOf(streamId, version + 1, { state: randomBytes(size) })
        await store.save(saved)
        same(plain(await store.latest(streamId, { name: 'state' })), plain(saved), `${size} bytes`)
      }
    },
  },
  {
    name: 'what the caller does with the bytes later changes nothing that is saved',
    run: async ({ store }) => {
      const streamId = freshStream()
      const state = Buffer.from('before')
      await store.save(snapshotOf(streamId, 1, { state }))
      state.write('after!')
      const read = await store.latest(streamId, { name: 'state' })
      same(Buffer.from(read?.state ?? []).toString(), 'before')
      read?.state.fill(0)
      const again = await store.latest(streamId, { name: 'state' })
      same(Buffer.from(again?.state ?? []).toString(), 'before')
    },
  },
  {
    name: 'a snapshot of the same version and schema version takes the place of the first, also a smaller one',
    run: async ({ store }) => {
      const streamId = freshStream()
      await store.save(snapshotOf(streamId, 5, { state: randomBytes(3 * megabyte) }))
      const second = snapshotOf(streamId, 5, { commitId: freshCommitId(), state: Buffer.from('second') })
      await store.save(second)
      same(plain(await store.latest(streamId, { name: 'state' })), plain(second))
      same(await versionsOf(store, streamId), [5])
    },
  },
  {
    name: 'snapshots of several streams, names and schema versions do not meet',
    run: async ({ store }) => {
      const [one, other] = [freshStream(), freshStream()]
      await store.save(snapshotOf(one, 1))
      await store.save(snapshotOf(one, 1, { name: 'other-state' }))
      await store.save(snapshotOf(one, 1, { schemaVersion: 2 }))
      await store.save(snapshotOf(other, 9))
      same((await store.list(one)).map(({ name, schemaVersion }) => `${name} ${schemaVersion}`).toSorted(), [
        'other-state 1',
        'state 1',
        'state 2',
      ])
      same(await versionsOf(store, other), [9])
      same((await store.latest(one, { name: 'state' }))?.schemaVersion, 2)
      same((await store.latest(one, { name: 'state', schemaVersion: 1 }))?.schemaVersion, 1)
    },
  },
  {
    name: 'every key of a stream is kept apart, however it is spelled',
    run: async ({ store }) => {
      const category = freshName('keys')
      const keys = [
        'a.b',
        'a',
        'a.b.c',
        '*',
        '>',
        '$',
        ' a',
        'A',
        '0',
        '..',
        '.',
        'é',
        '🙂',
        'a/b',
        'a\\b',
        '%41',
        '=41',
      ]
      const streams = [...keys, 'x'.repeat(255)].map((key) => createStreamId(category, key))
      for (const [i, streamId] of streams.entries()) await store.save(snapshotOf(streamId, i + 1))
      for (const [i, streamId] of streams.entries())
        same(await versionsOf(store, streamId), [i + 1], streamId)
      for (const streamId of streams) await store.prune(streamId, { name: 'state', keep: 0 })
      for (const streamId of streams) same(await versionsOf(store, streamId), [], streamId)
    },
  },
  {
    name: 'savers at once of one stream all find their snapshot kept',
    run: async ({ store }) => {
      const streamId = freshStream()
      const versions = Array.from({ length: 12 }, (_, i) => i + 1)
      await Promise.all(versions.map(async (version) => await store.save(snapshotOf(streamId, version))))
      same(await versionsOf(store, streamId), versions.toReversed())
      await Promise.all(versions.map(async () => await store.save(snapshotOf(streamId, 12))))
      same(await versionsOf(store, streamId), versions.toReversed())
    },
  },
  {
    name: 'bad input is refused by the name of its field, and nothing is written',
    run: async ({ store }) => {
      const streamId = freshStream()
      const bad = [
        ['snapshot.name', snapshotOf(streamId, 1, { name: 'a.b' })],
        ['snapshot.version', snapshotOf(streamId, 0)],
        ['snapshot.schemaVersion', snapshotOf(streamId, 1, { schemaVersion: 0 })],
        ['snapshot.takenAt', snapshotOf(streamId, 1, { takenAt: new Date(Number.NaN) })],
        ['snapshot.checksum.value', snapshotOf(streamId, 1, { checksum: { algorithm: 'md5', value: 'X' } })],
      ] as const
      for (const [field, snapshot] of bad)
        await refused(async () => store.save(snapshot), { code: 'ERR_INVALID_VALUE', field })
      const unnamed = 'no stream' as typeof streamId
      await refused(async () => store.save(snapshotOf(unnamed, 1)), { code: 'ERR_INVALID_STREAM_NAME' })
      await refused(async () => store.list(unnamed), { code: 'ERR_INVALID_STREAM_NAME' })
      await refused(async () => store.prune(streamId, { name: 'state', keep: -1 }), {
        code: 'ERR_INVALID_VALUE',
        field: 'options.keep',
      })
      await refused(async () => store.streams({ limit: 0 }), { code: 'ERR_INVALID_VALUE' })
      await refused(async () => store.remove(streamId, keyOf(1, { name: '' })), { code: 'ERR_INVALID_VALUE' })
      same(await store.list(streamId), [])
    },
  },
  {
    name: 'a list says of each snapshot what it is, and how many bytes it has',
    run: async ({ store }) => {
      const streamId = freshStream()
      const saved = snapshotOf(streamId, 3, { state: Buffer.from('12345') })
      await saveAt(store, streamId, [1])
      await store.save(saved)
      const [first, second] = await store.list(streamId, { name: 'state' })
      holds(first ?? {}, { name: 'state', version: 3, schemaVersion: 1, bytes: 5 })
      same({ ...first?.header, state: saved.state }, saved)
      same(second?.version, 1)
      same(await store.list(streamId, { name: 'another' }), [])
    },
  },
]

import { readFileSync } from 'node:fs'

import { snapshotStoreContract } from '@millrace/conformance'
import { createStreamId } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'
import { connect } from '@nats-io/transport-node'
import { expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openJetStreamSnapshots } from './open-jetstream-snapshots.ts'
import { SnapshotKeys } from './snapshot-keys.ts'
import { snapshotListFormat } from './snapshot-list.ts'

const name = freshName('snapshots')
const keys = new SnapshotKeys(name)

snapshotStoreContract({
  name: 'the snapshot store in a KV bucket',
  open: async () => {
    const store = await openJetStreamSnapshots({ servers: inject('servers').nats, name })
    const connection = await connect({ servers: inject('servers').nats })
    const api = async (verb: string, request: object): Promise<{ readonly message?: { data?: string } }> =>
      (await connection.request(`$JS.API.STREAM.${verb}.KV_${name}`, JSON.stringify(request))).json()
    return {
      store,
      damage: async (streamId: StreamId, key) => {
        const { message } = await api('MSG.GET', { last_by_subj: keys.list(streamId) })
        const list = snapshotListFormat.parse(Buffer.from(message?.data ?? '', 'base64').toString())
        const found = list?.find(({ header }) => header.version === key.version)
        await api('PURGE', { filter: keys.state(streamId, found?.id ?? '') })
      },
      [Symbol.asyncDispose]: async () => {
        await connection.close()
        await store[Symbol.asyncDispose]()
      },
    }
  },
})

test('every key of a stream has a subject of its own, and is found in it again', () => {
  const ids = ['a.b', 'a=2Eb', 'A', 'a', '*', '>', ' a', '🙂', '%', 'x'.repeat(255)]
  const streams = ids.map((key) => createStreamId('account', key))
  const subjects = streams.map((streamId) => keys.list(streamId))
  expect(new Set(subjects).size).toBe(streams.length)
  expect(subjects.map((subject) => keys.streamOf(subject))).toEqual(streams)
  for (const subject of subjects) expect(subject).toMatch(/^\$KV\.[\w-]+\.snapshots\.[\w=-]+$/)
})

test('a list is the text of the golden file, in this release and in every later one', () => {
  const golden = readFileSync(new URL('../../golden/v1/snapshot-list.json', import.meta.url), 'utf8').trim()
  const list = snapshotListFormat.parse(golden)
  expect(list).toMatchObject([{ header: { version: 300, name: 'account' }, bytes: 4096, parts: 1 }])
  expect(snapshotListFormat.format(list ?? [])).toBe(golden)
  for (const text of [
    '',
    '{}',
    '[]',
    golden.replace('"version":1', '"version":2'),
    golden.replace('300', '301'),
  ])
    expect(snapshotListFormat.parse(text)).toBeUndefined()
})

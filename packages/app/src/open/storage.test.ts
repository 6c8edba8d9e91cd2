import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { resolveSettings } from '../settings/settings.ts'
import { storageOf } from './storage.ts'

const storage = (env: Readonly<Record<string, string>>): unknown => storageOf(resolveSettings({}, env))
const folder = { kind: 'embedded', place: resolve('.millrace') }
const database = { kind: 'postgres', place: 'db:5432/shop' }

test('events and state are in one place where no NATS server is named', () => {
  expect(storage({})).toEqual({ ...folder, state: folder })
  const env = { DATABASE_URL: 'postgres://ann:hunter22@db:5432/shop' }
  expect(storage(env)).toEqual({ ...database, state: database })
  expect(storage({ DATABASE_URL: 'host=db' })).toMatchObject({ kind: 'postgres', place: 'postgres' })
})

test('events are in a stream of the named servers; nothing secret is shown', () => {
  const env = {
    NATS_URL: 'nats://ann:hunter22@a:4222,tls://t0k3n@b',
    NATS_STREAM: 'inbox',
    DATABASE_URL: 'postgres://ann:hunter22@db:5432/shop',
  }
  expect(storage(env)).toEqual({ kind: 'jetstream', place: 'a:4222,b/inbox', state: database })
  expect(storage({ NATS_URL: 'nats://a' })).toEqual({
    kind: 'jetstream',
    place: 'a/millrace',
    state: folder,
  })
})

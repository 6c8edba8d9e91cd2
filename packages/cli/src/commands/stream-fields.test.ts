import type { JetStreamView } from '@millrace/app'
import { expect, test } from 'vitest'

import { streamFields } from './stream-fields.ts'

const single: JetStreamView = {
  server: 'n1',
  version: '2.12.0',
  roundTripMs: 0.5,
  leader: null,
  replicas: [],
  messages: 3,
  bytes: 1_250_000,
  maxBytes: null,
  firstSequence: 2,
  lastSequence: 4,
  consumers: 1,
}

test('events elsewhere have no stream', () => {
  expect(streamFields({ jetstream: null })).toEqual([])
})

test('one server is shown with its stream', () => {
  expect(streamFields({ jetstream: single })).toEqual([
    ['stream', '3 messages (2 to 4), 1.3 MB, 1 consumer'],
    ['server', 'n1 2.12.0, 0.5 ms away'],
  ])
})

test('a cluster is shown with its leader and how far the copies are', () => {
  const replicas = [
    { name: 'n2', current: true, lag: 0 },
    { name: 'n3', current: false, lag: 12 },
  ]
  const fields = streamFields({ jetstream: { ...single, leader: 'n1', replicas, maxBytes: 10_000_000 } })
  expect(Object.fromEntries(fields)).toMatchObject({
    stream: '3 messages (2 to 4), 1.3 MB of 10.0 MB, 1 consumer',
    leader: 'n1, n2 current, n3 12 behind',
  })
})

import { expect, test } from 'vitest'

import { judge } from './status-view.ts'
import type { JetStreamView, StorageView } from './views.ts'

function storage(replicas: JetStreamView['replicas']): StorageView {
  return {
    kind: 'jetstream',
    place: 'a:4222/shop',
    head: 'g:1:0',
    state: { kind: 'embedded', place: '/data' },
    jetstream: {
      server: 'n1',
      version: '2.12.0',
      roundTripMs: 1,
      leader: 'n1',
      replicas,
      messages: 1,
      bytes: 1,
      maxBytes: null,
      firstSequence: 1,
      lastSequence: 1,
      consumers: 0,
    },
  }
}

test('an app whose copies of the events are current is ok', () => {
  expect(judge([], storage([{ name: 'n2', current: true, lag: 0 }]))).toEqual({ status: 'ok', reasons: [] })
})

test('an app is degraded while a copy of its events is not current', () => {
  const replicas = [
    { name: 'n2', current: true, lag: 0 },
    { name: 'n3', current: false, lag: 7 },
  ]
  expect(judge([], storage(replicas))).toEqual({
    status: 'degraded',
    reasons: ['the copy of the events on n3 is 7 writes behind, or not there'],
  })
})

test('an app is degraded while an erasure is not complete', () => {
  expect(judge([], storage([]), { incompleteErasures: 2 })).toEqual({
    status: 'degraded',
    reasons: ['2 erasures not complete'],
  })
})

test('an app is degraded while a server it uses is away, or has only just come back', () => {
  const redis = { name: 'redis', serves: ['cache', 'jobs'], since: '2026-01-01T00:00:00.000Z' }
  const judged = (state: 'healthy' | 'recovering' | 'down') =>
    judge([], storage([]), { components: [{ ...redis, state, detail: 'r:6379 said so' }] })
  expect(judged('healthy').status).toBe('ok')
  expect(judged('recovering').status).toBe('degraded')
  expect(judged('down')).toEqual({
    status: 'degraded',
    reasons: ['redis (cache, jobs) is down: r:6379 said so'],
  })
})

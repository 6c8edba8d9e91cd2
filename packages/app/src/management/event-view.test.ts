import {
  EventVersion,
  createEventDecoder,
  createIdFactory,
  parseCommitId,
  parseStreamId,
} from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { eventViews, rawData, toJsonValue } from './event-view.ts'

const id = createIdFactory()()
const stored: StoredEvent = {
  id,
  streamId: parseStreamId('cart-1'),
  type: 'cart.opened',
  schemaVersion: 1,
  version: EventVersion.first,
  position: { generation: 'g', commit: 7, index: 0 },
  commitId: parseCommitId(id),
  occurredAt: new Date('2026-01-01T00:00:00.001Z'),
  recordedAt: new Date('2026-01-01T00:00:00.002Z'),
  metadata: { correlationId: 'c' },
  tags: [],
  bucket: 3,
  contentType: 'application/json',
  payload: '{"total":{"$bigint":"9007199254740993"}}',
  encryption: undefined,
  previousHash: undefined,
}

test('an event is shown as plain JSON', () => {
  expect(eventViews(stored, createEventDecoder())).toEqual([
    {
      id,
      streamId: 'cart-1',
      type: 'cart.opened',
      schemaVersion: 1,
      version: 1,
      position: 'g:7:0',
      commitId: id,
      occurredAt: '2026-01-01T00:00:00.001Z',
      recordedAt: '2026-01-01T00:00:00.002Z',
      metadata: { correlationId: 'c' },
      tags: [],
      data: { total: { $bigint: '9007199254740993' } },
    },
  ])
})

test('an event that cannot be decoded is shown raw, with the problem', () => {
  const [view] = eventViews(
    { ...stored, contentType: 'application/cbor', payload: new Uint8Array([1, 2]) },
    createEventDecoder(),
  )
  expect(view).toMatchObject({
    data: 'AQI=',
    problem: expect.stringContaining('application/cbor') as unknown,
  })
})

test('an event that an upcaster drops is shown raw', () => {
  const [view] = eventViews(stored, createEventDecoder({ upcast: () => [] }))
  expect(view?.problem).toBe('dropped by an upcaster')
})

test('a decoder that throws something of its own spoils one event only', () => {
  const decode = (): never => {
    throw new TypeError('no such field')
  }
  expect(eventViews(stored, decode)[0]?.problem).toBe('no such field')
})

test('values that JSON does not know are tagged, keys stay as they are', () => {
  const data = { $ref: 1, at: new Date(0), big: 1n, bytes: new Uint8Array([255]), none: undefined }
  expect(toJsonValue(data)).toEqual({
    $ref: 1,
    at: { $date: '1970-01-01T00:00:00.000Z' },
    big: { $bigint: '1' },
    bytes: { $bytes: '/w==' },
  })
  expect(toJsonValue(undefined)).toBeNull()
})

test('a raw payload is JSON where it is, else text, else base64', () => {
  expect(rawData('application/json', '{"a":1}')).toEqual({ a: 1 })
  expect(rawData('application/json', '{broken')).toBe('{broken')
  expect(rawData('text/plain', '{"a":1}')).toBe('{"a":1}')
  expect(rawData('application/json', new Uint8Array([0]))).toBe('AA==')
})

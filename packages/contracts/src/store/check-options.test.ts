import { describe, expect, test } from 'vitest'

import type { NewEvent } from '../envelope/envelope.ts'
import { createStreamId } from '../ids/stream-id.ts'
import { parseCommitId, parseEventId } from '../ids/ulid.ts'
import {
  checkCommitOptions,
  checkEventIds,
  checkListStreamsOptions,
  checkMaxRecords,
  checkReadAllOptions,
  checkReadStreamOptions,
  checkStreamWrites,
  checkTombstoneOptions,
} from './check-options.ts'

const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const position = { generation: 'g1', commit: 0, index: 0 }
const refusal = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })

/** The checks take what untyped callers may pass. */
type Check = (options: never) => void

function refuses(check: Check, cases: readonly (readonly [field: string, options: unknown])[]): void {
  test.each(cases)('%s is refused (case %#)', (field, options) => {
    expect(() => check(options as never)).toThrow(refusal(field))
  })
}

describe('options of a commit', () => {
  test('may all be set, to their utmost', () => {
    const foreignId = { source: 'é'.repeat(31), id: 'x'.repeat(255) }
    expect(() => checkCommitOptions({})).not.toThrow()
    expect(() =>
      checkCommitOptions({ commitId: parseCommitId(ulid), foreignId, metadata: { tenant: 't1' } }),
    ).not.toThrow()
  })

  refuses(checkCommitOptions, [
    ['options.commitId', { commitId: ulid.toLowerCase() }],
    ['options.commitId', { commitId: null }],
    ['options.foreignId', { foreignId: null }],
    ['options.foreignId', { foreignId: 'github' }],
    ['options.foreignId.source', { foreignId: { source: '', id: '1' } }],
    ['options.foreignId.source', { foreignId: { source: 'x'.repeat(64), id: '1' } }],
    ['options.foreignId.source', { foreignId: { source: 'é'.repeat(32), id: '1' } }],
    ['options.foreignId.id', { foreignId: { source: 'github' } }],
    ['options.foreignId.id', { foreignId: { source: 'github', id: 'x'.repeat(256) } }],
    ['options.foreignId.id', { foreignId: { source: 'github', id: 'a\nb' } }],
    ['options.foreignId.id', { foreignId: { source: 'github', id: '\ud800' } }],
    ['metadata.tenant', { metadata: { tenant: '' } }],
  ])

  test('a condition is reserved: refused as not supported', () => {
    const condition = { kind: 'no-event-matches', tags: [], after: position } as const
    expect(() => checkCommitOptions({ condition })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }),
    )
  })
})

describe('the event ids of a commit', () => {
  const event = (id?: string): NewEvent => ({
    type: 'A',
    data: 1,
    ...(id === undefined ? {} : { id: parseEventId(id) }),
  })

  test('may be missing or differ', () => {
    for (const events of [[], [event(ulid)], [event(), event(), event(ulid)]])
      expect(() => checkEventIds(events)).not.toThrow()
  })

  test('may not repeat', () => {
    expect(() => checkEventIds([event(ulid), event(), event(ulid)])).toThrow(
      expect.objectContaining({ code: 'ERR_DUPLICATE_EVENT', id: ulid }),
    )
  })
})

describe('the writes of a commit', () => {
  const write = (key: string) => ({
    streamId: createStreamId('cart', key),
    events: [],
    expectedVersion: 'any' as const,
  })

  test('name each stream once', () => {
    expect(() => checkStreamWrites([write('1'), write('2')])).not.toThrow()
    expect(() => checkStreamWrites([write('1'), write('1')])).toThrow(refusal('writes.streamId'))
  })

  test('have valid streams and expectations', () => {
    expect(() => checkStreamWrites([{ ...write('1'), streamId: 'Cart-1' as never }])).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_STREAM_NAME' }),
    )
    expect(() => checkStreamWrites([{ ...write('1'), expectedVersion: -1 }])).toThrow(
      refusal('expectedVersion'),
    )
  })
})

describe('the window of a stream', () => {
  test('may have every bound', () => {
    expect(() => checkReadStreamOptions({})).not.toThrow()
    expect(() =>
      checkReadStreamOptions({
        direction: 'backwards',
        limit: 1,
        fromVersion: 0,
        toVersion: Number.MAX_SAFE_INTEGER,
        occurredFrom: new Date(0),
        occurredUntil: new Date(0),
      }),
    ).not.toThrow()
  })

  refuses(checkReadStreamOptions, [
    ['options.direction', { direction: 'up' }],
    ['options.limit', { limit: 0 }],
    ['options.limit', { limit: 1.5 }],
    ['options.limit', { limit: '5' }],
    ['options.limit', { limit: Infinity }],
    ['options.fromVersion', { fromVersion: -1 }],
    ['options.toVersion', { toVersion: NaN }],
    ['options.occurredFrom', { occurredFrom: new Date(NaN) }],
    ['options.occurredUntil', { occurredUntil: '2026-01-01' }],
  ])
})

describe('a selection over all streams', () => {
  test('may narrow by everything', () => {
    expect(() => checkReadAllOptions({})).not.toThrow()
    expect(() =>
      checkReadAllOptions({
        types: ['A'],
        categories: ['cart'],
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        after: position,
        before: position,
        atLeast: position,
      }),
    ).not.toThrow()
  })

  refuses(checkReadAllOptions, [
    ['options.types', { types: 'A' }],
    ['options.types', { types: [1] }],
    ['options.types', { types: ['a\0'] }],
    ['options.categories', { categories: [null] }],
    ['options.categories', { categories: ['cart', 'a\0'] }],
    ['options.correlationId', { correlationId: 'a\0' }],
    ['options.correlationId', { correlationId: 7 }],
    ['options.causationId', { causationId: '\0' }],
    ['options.tenant', { tenant: 'a\0' }],
    ['options.traceId', { traceId: 'abc' }],
    ['options.traceId', { traceId: ['4bf92f3577b34da6a3ce929d0e0e4736'] }],
    ['options.after', { after: 'g1:0:0' }],
    ['options.after', { after: null }],
    ['options.before', { before: { ...position, commit: -1 } }],
    ['options.atLeast', { atLeast: { ...position, index: NaN } }],
    ['options.atLeast', { atLeast: { commit: 1, index: 0 } }],
    ['options.limit', { limit: 0 }],
  ])
})

describe('a page of streams', () => {
  test('has 1 to 1000 of them, of one category or all', () => {
    for (const options of [{}, { limit: 1 }, { limit: 1000, category: 'cart' }])
      expect(() => checkListStreamsOptions(options)).not.toThrow()
  })

  refuses(checkListStreamsOptions, [
    ['options.limit', { limit: 0 }],
    ['options.limit', { limit: 1001 }],
    ['options.category', { category: 'Cart' }],
    ['options.after', { after: 'cart-\0' }],
  ])
})

describe('a batch of a log', () => {
  test('has at least one record', () => {
    for (const size of [undefined, 1, 10_000]) expect(() => checkMaxRecords(size)).not.toThrow()
    for (const size of [0, -1, 0.5])
      expect(() => checkMaxRecords(size)).toThrow(refusal('options.maxRecords'))
  })
})

describe('a tombstone', () => {
  test('has an expectation and a reason', () => {
    for (const reason of ['x', 'x'.repeat(1000)])
      expect(() => checkTombstoneOptions({ expectedVersion: 3, reason, metadata: {} })).not.toThrow()
  })

  refuses(checkTombstoneOptions, [
    ['expectedVersion', { reason: 'x' }],
    ['options.reason', { expectedVersion: 'any' }],
    ['options.reason', { expectedVersion: 'any', reason: '' }],
    ['options.reason', { expectedVersion: 'any', reason: 'x'.repeat(1001) }],
    ['metadata.tenant', { expectedVersion: 'any', reason: 'x', metadata: { tenant: 1 } }],
  ])
})

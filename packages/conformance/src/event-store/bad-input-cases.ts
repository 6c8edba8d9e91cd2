import type { EventStore, StreamId } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import type { Refusal } from '../suite/assertions.ts'
import { collect, recordsAfter } from '../suite/collect.ts'
import { fact, freshStream } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** A call a careless caller might make; typed loosely, as plain JavaScript would be. */
type Call = (store: EventStore, id: StreamId) => Promise<unknown>

const refuses = (what: string, refusal: Refusal, call: Call): EventStoreCase => ({
  name: `${what} is refused and nothing is written`,
  run: async ({ store }) => {
    const id = freshStream()
    const head = await store.log.head()
    await refused(async () => await call(store, id), refusal)
    same(await recordsAfter(store.log, head), [])
    same(await store.exists(id), false)
  },
})

const invalid = (field: string): Refusal => ({ code: 'ERR_INVALID_VALUE', field })
const badStream: Refusal = { code: 'ERR_INVALID_STREAM_NAME' }
const loose = (text: string): StreamId => text as StreamId

const event = (what: string, field: string, part: object): EventStoreCase =>
  refuses(`an event with ${what}`, invalid(field), async (store, id) => {
    await store.append(id, [fact(0), { ...fact(1), ...part }], { expectedVersion: 'any' })
  })

const append = (what: string, refusal: Refusal, options: object): EventStoreCase =>
  refuses(`an append with ${what}`, refusal, async (store, id) => {
    await store.append(id, [fact()], { expectedVersion: 'any', ...options })
  })

const stream = (what: string, text: string): EventStoreCase =>
  refuses(`a stream id ${what}`, badStream, async (store) => {
    await store.append(loose(text), [fact()], { expectedVersion: 'any' })
  })

const read = (what: string, options: object): EventStoreCase =>
  refuses(
    `a read with ${what}`,
    { code: 'ERR_INVALID_VALUE' },
    async (store, id) => await collect(store.read(id, options)),
  )

const readAll = (what: string, options: object): EventStoreCase =>
  refuses(
    `a read over all streams with ${what}`,
    { code: 'ERR_INVALID_VALUE' },
    async (store) => await collect(store.readAll(options)),
  )

const log = (what: string, maxRecords: number): EventStoreCase =>
  refuses(`a batch of the log of ${what} records`, { code: 'ERR_INVALID_VALUE' }, async (store) => {
    await store.log.readBatch(await store.log.head(), { maxRecords })
  })

/** Everything a caller can get wrong. */
export const badInputCases: readonly EventStoreCase[] = [
  stream('without a dash', 'cart'),
  stream('without a category', '-1'),
  stream('without a key', 'cart-'),
  stream('that is empty', ''),
  stream('of white space only', 'cart-  \t'),
  stream('with an upper-case category', 'Cart-1'),
  stream('whose key has 256 bytes', `cart-${'x'.repeat(256)}`),
  stream('whose key is too long in bytes only', `cart-${'🦀'.repeat(64)}`),
  stream('whose key is not normalised', 'cart-e\u0301'),
  stream('whose key has a lone surrogate', 'cart-\ud800'),
  stream('whose key has a NUL character', 'cart-a\u0000'),
  refuses('a commit to a bad stream id', badStream, async (store) => {
    await store.commit([{ streamId: loose('bad'), events: [fact()], expectedVersion: 'any' }])
  }),
  refuses('a tombstone for a bad stream id', badStream, async (store) => {
    await store.tombstone(loose('bad'), { expectedVersion: 'any', reason: 'x' })
  }),
  event('an empty type', 'event.type', { type: '' }),
  event('a blank in its type', 'event.type', { type: 'a b' }),
  event('a reserved type', 'event.type', { type: '$tombstone' }),
  event('a type of 256 characters', 'event.type', { type: 'x'.repeat(256) }),
  event('an id that is no ULID', 'event.id', { id: '1' }),
  event('a lower-case ULID', 'event.id', { id: '01arz3ndektsv4rrffq69g5fav' }),
  event('schema version 0', 'event.schemaVersion', { schemaVersion: 0 }),
  event('a fractional schema version', 'event.schemaVersion', { schemaVersion: 1.5 }),
  event('an invalid date', 'event.occurredAt', { occurredAt: new Date(NaN) }),
  event('a date before 1970', 'event.occurredAt', { occurredAt: new Date(-1) }),
  event('a date as text', 'event.occurredAt', { occurredAt: '2025-01-01' }),
  event('65 tags', 'event.tags', { tags: Array.from({ length: 65 }, () => 'x') }),
  event('an empty tag', 'event.tags', { tags: [''] }),
  event('an unknown metadata field', 'metadata.user', { metadata: { user: 1 } }),
  event('an empty correlation id', 'metadata.correlationId', { metadata: { correlationId: '' } }),
  event('a control character in its tenant', 'metadata.tenant', { metadata: { tenant: 'a\u0000' } }),
  event('a causation id of 256 bytes', 'metadata.causationId', {
    metadata: { causationId: 'é'.repeat(128) },
  }),
  event('an actor of no kind', 'metadata.actor.kind', { metadata: { actor: { kind: 'robot', id: '1' } } }),
  event('an actor without an id', 'metadata.actor.id', { metadata: { actor: { kind: 'user' } } }),
  event('a bad traceparent', 'metadata.traceparent', { metadata: { traceparent: '00-0-0-0' } }),
  event('custom metadata above 8 kB', 'metadata.custom', {
    metadata: { custom: { text: 'x'.repeat(8192) } },
  }),
  refuses('an event without data', { code: 'ERR_EVENT_SERIALIZATION' }, async (store, id) => {
    await store.append(id, [fact(0, { data: undefined })], { expectedVersion: 'any' })
  }),
  refuses('an event whose data holds itself', { code: 'ERR_EVENT_SERIALIZATION' }, async (store, id) => {
    const data: Record<string, unknown> = {}
    data['self'] = data
    await store.append(id, [fact(0, { data })], { expectedVersion: 'any' })
  }),
  append('a negative expected version', invalid('expectedVersion'), { expectedVersion: -1 }),
  append('a fractional expected version', invalid('expectedVersion'), { expectedVersion: 0.5 }),
  append('NaN for an expected version', invalid('expectedVersion'), { expectedVersion: NaN }),
  append('an unknown expectation', invalid('expectedVersion'), { expectedVersion: 'latest' }),
  append('a commit id that is no ULID', invalid('options.commitId'), { commitId: 'x' }),
  append('a foreign id without a source', invalid('options.foreignId.source'), {
    foreignId: { source: '', id: '1' },
  }),
  append('a foreign source of 64 bytes', invalid('options.foreignId.source'), {
    foreignId: { source: 's'.repeat(64), id: '1' },
  }),
  append('an empty foreign id', invalid('options.foreignId.id'), { foreignId: { source: 's', id: '' } }),
  append('a foreign id of 256 bytes', invalid('options.foreignId.id'), {
    foreignId: { source: 's', id: 'x'.repeat(256) },
  }),
  append('bad metadata for all its events', invalid('metadata.tenant'), { metadata: { tenant: '' } }),
  read('limit 0', { limit: 0 }),
  read('limit -1', { limit: -1 }),
  read('a fractional limit', { limit: 1.5 }),
  read('NaN for a limit', { limit: NaN }),
  read('a negative version', { fromVersion: -1 }),
  read('a fractional version', { toVersion: 1.5 }),
  read('an invalid date', { occurredFrom: new Date(NaN) }),
  read('an unknown direction', { direction: 'sideways' }),
  readAll('limit 0', { limit: 0 }),
  readAll('an invalid date', { occurredUntil: new Date(NaN) }),
  readAll('a trace id that is none', { traceId: 'xyz' }),
  log('0', 0),
  log('-1', -1),
  log('1.5', 1.5),
  refuses(
    'a list of 1001 streams',
    { code: 'ERR_INVALID_VALUE' },
    async (store) => await store.listStreams({ limit: 1001 }),
  ),
  refuses(
    'a list of 0 streams',
    { code: 'ERR_INVALID_VALUE' },
    async (store) => await store.listStreams({ limit: 0 }),
  ),
  refuses('a tombstone without a reason', { code: 'ERR_INVALID_VALUE' }, async (store, id) => {
    await store.tombstone(id, { expectedVersion: 'any', reason: '' })
  }),
  refuses('a tombstone with 1001 characters of reason', { code: 'ERR_INVALID_VALUE' }, async (store, id) => {
    await store.tombstone(id, { expectedVersion: 'any', reason: 'x'.repeat(1001) })
  }),
]

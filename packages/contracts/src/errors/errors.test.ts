import { describe, expect, test } from 'vitest'

import * as contracts from '../index.ts'
import {
  AccessDeniedError,
  ConcurrencyError,
  ConfigurationError,
  ConnectionError,
  DataFolderCorruptError,
  DataFolderLockedError,
  DecryptionFailedError,
  DowncastFailedError,
  DuplicateEventError,
  EventSerializationError,
  FencedError,
  InvalidCursorError,
  InvalidSnapshotError,
  InvalidStreamNameError,
  InvalidValueError,
  KeyUnavailableError,
  LockDriverUnavailableError,
  LogArchivedError,
  LogReplacedError,
  MillraceError,
  NotSupportedError,
  PartitionHeldError,
  PayloadTooLargeError,
  ProjectionError,
  ProjectionRebuildInProgressError,
  PublisherError,
  SearchRejectedError,
  SnapshotNotFoundError,
  StoreFullError,
  StreamCorruptError,
  StreamNotFoundError,
  StreamTombstonedError,
  ErasureIncompleteError,
  SubjectErasedError,
  TransactionReentryError,
  UnknownEventVersionError,
  UpcasterFailedError,
  isMillraceError,
} from '../index.ts'

const cause = new Error('below')

// Name, code, retryable, message and facts are a promise to whoever handles the error; a change here is a breaking one.
const errors = [
  {
    error: new ConcurrencyError({ streamId: 'cart-1', expected: 2, actual: 3 }, { cause }),
    is: ['ConcurrencyError', 'ERR_CONCURRENCY', true, 'stream cart-1 is at version 3, append expected 2'],
    facts: { conflict: { streamId: 'cart-1', expected: 2, actual: 3 } },
  },
  {
    error: new ProjectionRebuildInProgressError({ projection: 'balances', version: 2 }, { cause }),
    is: [
      'ProjectionRebuildInProgressError',
      'ERR_PROJECTION_REBUILD_IN_PROGRESS',
      true,
      'projection balances is being built already (version 2)',
    ],
    facts: { projection: 'balances', version: 2 },
  },
  {
    error: new StreamNotFoundError('cart-1', { cause }),
    is: ['StreamNotFoundError', 'ERR_STREAM_NOT_FOUND', false, 'stream cart-1 does not exist'],
    facts: { streamId: 'cart-1' },
  },
  {
    error: new StreamTombstonedError('cart-1', { cause }),
    is: [
      'StreamTombstonedError',
      'ERR_STREAM_TOMBSTONED',
      false,
      'stream cart-1 was tombstoned and takes no more events',
    ],
    facts: { streamId: 'cart-1' },
  },
  {
    error: new DuplicateEventError('01X', 'was used for other content', { cause }),
    is: ['DuplicateEventError', 'ERR_DUPLICATE_EVENT', false, 'id 01X was used for other content'],
    facts: { id: '01X' },
  },
  {
    error: new StreamCorruptError(
      { streamId: 'cart-1', sequence: 9, reason: 'it has no event id' },
      { cause },
    ),
    is: [
      'StreamCorruptError',
      'ERR_STREAM_CORRUPT',
      false,
      'stream cart-1 is corrupt at sequence 9: it has no event id',
    ],
    facts: { streamId: 'cart-1', sequence: 9, reason: 'it has no event id' },
  },
  {
    error: new PayloadTooLargeError('event A', { bytes: 11, maxBytes: 10 }, { cause }),
    is: ['PayloadTooLargeError', 'ERR_PAYLOAD_TOO_LARGE', false, 'event A has 11 bytes, the maximum is 10'],
    facts: { bytes: 11, maxBytes: 10 },
  },
  {
    error: new SnapshotNotFoundError({ streamId: 'cart-1', name: 'cart', version: 7 }, { cause }),
    is: [
      'SnapshotNotFoundError',
      'ERR_SNAPSHOT_NOT_FOUND',
      false,
      'there is no snapshot cart of cart-1 at version 7',
    ],
    facts: { streamId: 'cart-1', snapshot: 'cart', version: 7 },
  },
  {
    error: new InvalidSnapshotError(
      { streamId: 'cart-1', name: 'cart', version: undefined },
      { fault: 'corrupt', reason: 'its checksum is another' },
      { cause },
    ),
    is: [
      'InvalidSnapshotError',
      'ERR_INVALID_SNAPSHOT',
      false,
      'snapshot cart of cart-1 is corrupt: its checksum is another',
    ],
    facts: { snapshot: 'cart', version: undefined, fault: 'corrupt', reason: 'its checksum is another' },
  },
  {
    error: new LogReplacedError({ expected: 'g1', actual: 'g2' }, { cause }),
    is: [
      'LogReplacedError',
      'ERR_LOG_REPLACED',
      false,
      'position belongs to log generation g1, this log is generation g2',
    ],
    facts: { expected: 'g1', actual: 'g2' },
  },
  {
    error: new LogArchivedError('stream cart-1', { archivedBefore: 100, firstVersion: 8 }, { cause }),
    is: [
      'LogArchivedError',
      'ERR_LOG_ARCHIVED',
      false,
      'stream cart-1: events of commits before 100 are in an archive and not in the log any more, which begins at version 8',
    ],
    facts: { source: 'stream cart-1', archivedBefore: 100, firstVersion: 8 },
  },
  {
    error: new PartitionHeldError('events_p0', ['it is the newest', 'totals reads it'], { cause }),
    is: [
      'PartitionHeldError',
      'ERR_PARTITION_HELD',
      true,
      'partition events_p0 stays: it is the newest; totals reads it',
    ],
    facts: { partition: 'events_p0', reasons: ['it is the newest', 'totals reads it'] },
  },
  {
    error: new NotSupportedError('no such commits', { cause }),
    is: ['NotSupportedError', 'ERR_NOT_SUPPORTED', false, 'no such commits'],
    facts: {},
  },
  {
    error: new StoreFullError('disk full', { cause }),
    is: ['StoreFullError', 'ERR_STORE_FULL', true, 'disk full'],
    facts: {},
  },
  {
    error: new InvalidValueError('options.limit', 'a whole number', { cause }),
    is: ['InvalidValueError', 'ERR_INVALID_VALUE', false, 'options.limit: must be a whole number'],
    facts: { field: 'options.limit', rule: 'a whole number' },
  },
  {
    error: new InvalidStreamNameError('key', 'short', { cause }),
    is: ['InvalidStreamNameError', 'ERR_INVALID_STREAM_NAME', false, 'key: must be short'],
    facts: { field: 'key', rule: 'short' },
  },
  {
    error: new InvalidCursorError('cursor is malformed', { cause }),
    is: ['InvalidCursorError', 'ERR_INVALID_CURSOR', false, 'cursor is malformed'],
    facts: {},
  },
  {
    error: new EventSerializationError('ItemAdded', 'its data cannot be read', { cause }),
    is: [
      'EventSerializationError',
      'ERR_EVENT_SERIALIZATION',
      false,
      'event ItemAdded: its data cannot be read',
    ],
    facts: { eventType: 'ItemAdded' },
  },
  {
    error: new UnknownEventVersionError('ItemAdded', 3, { cause }),
    is: [
      'UnknownEventVersionError',
      'ERR_UNKNOWN_EVENT_VERSION',
      false,
      'event ItemAdded has schema version 3, which is not defined here',
    ],
    facts: { eventType: 'ItemAdded', schemaVersion: 3 },
  },
  {
    error: new UpcasterFailedError({ eventType: 'ItemAdded', schemaVersion: 2, eventId: '01X' }, { cause }),
    is: [
      'UpcasterFailedError',
      'ERR_UPCASTER_FAILED',
      false,
      'event ItemAdded: its upcaster from schema version 2 failed (event 01X)',
    ],
    facts: { eventType: 'ItemAdded', schemaVersion: 2, eventId: '01X' },
  },
  {
    error: new DowncastFailedError(
      { eventType: 'ItemAdded', schemaVersion: 2, toVersion: 1 },
      'version 1 knows no colour',
      { cause },
    ),
    is: [
      'DowncastFailedError',
      'ERR_DOWNCAST_FAILED',
      false,
      'event ItemAdded of schema version 2 has no form of version 1: version 1 knows no colour',
    ],
    facts: { eventType: 'ItemAdded', schemaVersion: 2, toVersion: 1, reason: 'version 1 knows no colour' },
  },
  {
    error: new ConfigurationError('port', 'must be a number', { cause }),
    is: ['ConfigurationError', 'ERR_CONFIGURATION', false, 'port: must be a number'],
    facts: { setting: 'port' },
  },
  {
    error: new ConnectionError('database unreachable', { cause }),
    is: ['ConnectionError', 'ERR_CONNECTION', true, 'database unreachable'],
    facts: {},
  },
  {
    error: new DataFolderLockedError('/data', 42, { cause }),
    is: [
      'DataFolderLockedError',
      'ERR_DATA_FOLDER_LOCKED',
      true,
      'data folder /data is in use by process 42',
    ],
    facts: { folder: '/data', pid: 42 },
  },
  {
    error: new DataFolderCorruptError('/data', 'no database', { cause }),
    is: [
      'DataFolderCorruptError',
      'ERR_DATA_FOLDER_CORRUPT',
      false,
      'data folder /data cannot be opened: no database',
    ],
    facts: { folder: '/data' },
  },
  {
    error: new AccessDeniedError('ann', 'replay', { cause }),
    is: ['AccessDeniedError', 'ERR_ACCESS_DENIED', false, 'ann may not do this: it needs the role replay'],
    facts: { actor: 'ann', role: 'replay' },
  },
  {
    error: new DecryptionFailedError('event 1', { cause }),
    is: [
      'DecryptionFailedError',
      'ERR_DECRYPTION_FAILED',
      false,
      'event 1: its encrypted data was changed, or moved from where it was written',
    ],
    facts: { what: 'event 1' },
  },
  {
    error: new KeyUnavailableError('k1', 'it is away', { cause }),
    is: ['KeyUnavailableError', 'ERR_KEY_UNAVAILABLE', true, 'key k1: it is away'],
    facts: { keyId: 'k1' },
  },
  {
    error: new ErasureIncompleteError(['ada', 'bob'], { cause }),
    is: [
      'ErasureIncompleteError',
      'ERR_ERASURE_INCOMPLETE',
      true,
      `the key of ada and 1 more is destroyed, but an eraser failed: ${cause.message}`,
    ],
    facts: { subjects: ['ada', 'bob'] },
  },
  {
    error: new SubjectErasedError('ada', { cause }),
    is: ['SubjectErasedError', 'ERR_SUBJECT_ERASED', false, 'subject ada was erased'],
    facts: { subject: 'ada' },
  },
  {
    error: new LockDriverUnavailableError('jetstream', { cause }),
    is: [
      'LockDriverUnavailableError',
      'ERR_LOCK_DRIVER_UNAVAILABLE',
      true,
      'locks cannot be reached (jetstream)',
    ],
    facts: { driver: 'jetstream' },
  },
  {
    error: new PublisherError(
      { publisher: 'billing', retryable: false, reason: 'it is too large' },
      { cause },
    ),
    is: ['PublisherError', 'ERR_PUBLISHER', false, 'publisher billing: it is too large'],
    facts: { publisher: 'billing' },
  },
  {
    error: new SearchRejectedError(
      { index: 'orders', documentId: 'o-1', reason: 'body.total: must be a safe integer' },
      { cause },
    ),
    is: [
      'SearchRejectedError',
      'ERR_SEARCH_REJECTED',
      false,
      'search index orders does not take document o-1: body.total: must be a safe integer',
    ],
    facts: { index: 'orders', documentId: 'o-1', reason: 'body.total: must be a safe integer' },
  },
  {
    error: new TransactionReentryError('use the handle', { cause }),
    is: ['TransactionReentryError', 'ERR_TRANSACTION_REENTRY', false, 'use the handle'],
    facts: {},
  },
  {
    error: new ProjectionError({ processor: 'totals', recordId: '01X' }, { cause }),
    is: ['ProjectionError', 'ERR_PROJECTION', true, 'processor totals failed on record 01X'],
    facts: { processor: 'totals', recordId: '01X' },
  },
] as const

describe('every error', () => {
  test.each(errors)('$is.0 keeps its name, code, facts and cause', ({ error, is, facts }) => {
    expect([error.name, error.code, error.retryable, error.message]).toEqual(is)
    expect(error).toMatchObject(facts)
    expect(error.cause).toBe(cause)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toBeInstanceOf(Error)
    expect(isMillraceError(error)).toBe(true)
  })

  test('FencedError keeps its name, code and epochs', () => {
    const error = new FencedError('totals/0', { epoch: 3, currentEpoch: 4 })
    expect([error.name, error.code, error.retryable]).toEqual(['FencedError', 'ERR_FENCED', false])
    expect(error).toMatchObject({
      epoch: 3,
      currentEpoch: 4,
      message: 'totals/0: epoch 3 was overtaken by epoch 4',
    })
    expect(new FencedError('totals/0', { epoch: 3, currentEpoch: undefined }).message).toContain(
      'epoch unknown',
    )
  })

  test('an upcast of data that was never recorded names no event', () => {
    const error = new UpcasterFailedError({ eventType: 'A', schemaVersion: 1, eventId: undefined })
    expect(error.message).toBe('event A: its upcaster from schema version 1 failed')
  })

  test('a folder held by nobody known says so', () => {
    expect(new DataFolderLockedError('/data', undefined).message).toBe(
      'data folder /data is in use by process unknown',
    )
  })

  test('that the package exports is listed here, with a code of its own', () => {
    const exported = Object.values<unknown>(contracts).filter(
      (value) => typeof value === 'function' && value.prototype instanceof MillraceError,
    )
    expect(exported).toHaveLength(errors.length + 1)
    expect(new Set(errors.map(({ error }) => error.code)).size).toBe(errors.length)
  })
})

describe('isMillraceError', () => {
  test('knows an error of another copy of this package', () => {
    const foreign = Object.assign(new Error('elsewhere'), { code: 'ERR_ELSEWHERE', retryable: true })
    expect(isMillraceError(foreign)).toBe(true)
  })

  test.each([
    ['an error of Node', Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['an error of a driver', Object.assign(new Error('x'), { code: '40001', retryable: true })],
    [
      'an error with another notion of retryable',
      Object.assign(new Error('x'), { code: 'ERR_X', retryable: 'yes' }),
    ],
    ['a plain error', new Error('x')],
    ['an object like one', { code: 'ERR_X', retryable: true }],
    ['null', null],
    ['undefined', undefined],
  ])('does not know %s', (_, value) => {
    expect(isMillraceError(value)).toBe(false)
  })
})

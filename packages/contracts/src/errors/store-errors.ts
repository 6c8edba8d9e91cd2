import { MillraceError } from './millrace-error.ts'

/** What an append expected of a stream and what it found. */
export interface VersionConflict {
  readonly streamId: string
  readonly expected: 'no-stream' | 'stream-exists' | number
  /** The stream's true version when the append was refused; 0 where there is no stream. */
  readonly actual: number
}

/** The stream is not at the version the append expected; nothing was written. Load again and decide anew. */
export class ConcurrencyError extends MillraceError {
  override readonly name = 'ConcurrencyError'
  override readonly code = 'ERR_CONCURRENCY'
  override readonly retryable = true
  readonly conflict: VersionConflict
  constructor(conflict: VersionConflict, options?: ErrorOptions) {
    const { streamId, expected, actual } = conflict
    super(`stream ${streamId} is at version ${actual}, append expected ${expected}`, options)
    this.conflict = conflict
  }
}

/** Raised where a stream's existence was asked for; a plain read of a missing stream yields nothing. */
export class StreamNotFoundError extends MillraceError {
  override readonly name = 'StreamNotFoundError'
  override readonly code = 'ERR_STREAM_NOT_FOUND'
  override readonly retryable = false
  readonly streamId: string
  constructor(streamId: string, options?: ErrorOptions) {
    super(`stream ${streamId} does not exist`, options)
    this.streamId = streamId
  }
}

/** The stream was tombstoned; it takes no more events and its id is never used again. */
export class StreamTombstonedError extends MillraceError {
  override readonly name = 'StreamTombstonedError'
  override readonly code = 'ERR_STREAM_TOMBSTONED'
  override readonly retryable = false
  readonly streamId: string
  constructor(streamId: string, options?: ErrorOptions) {
    super(`stream ${streamId} was tombstoned and takes no more events`, options)
    this.streamId = streamId
  }
}

/** A commit id, or an event id within one commit, is used again for other content. */
export class DuplicateEventError extends MillraceError {
  override readonly name = 'DuplicateEventError'
  override readonly code = 'ERR_DUPLICATE_EVENT'
  override readonly retryable = false
  /** The commit id or event id that was used twice. */
  readonly id: string
  constructor(id: string, rule: string, options?: ErrorOptions) {
    super(`id ${id} ${rule}`, options)
    this.id = id
  }
}

/** An event is larger than the store's one configured maximum; nothing was written. */
export class PayloadTooLargeError extends MillraceError {
  override readonly name = 'PayloadTooLargeError'
  override readonly code = 'ERR_PAYLOAD_TOO_LARGE'
  override readonly retryable = false
  readonly bytes: number
  readonly maxBytes: number
  constructor(
    what: string,
    size: { readonly bytes: number; readonly maxBytes: number },
    options?: ErrorOptions,
  ) {
    super(`${what} has ${size.bytes} bytes, the maximum is ${size.maxBytes}`, options)
    this.bytes = size.bytes
    this.maxBytes = size.maxBytes
  }
}

/** The log a position belongs to is not the log it was handed to: it was restored, swapped or is another one. */
export class LogReplacedError extends MillraceError {
  override readonly name = 'LogReplacedError'
  override readonly code = 'ERR_LOG_REPLACED'
  override readonly retryable = false
  readonly expected: string
  readonly actual: string
  constructor(generations: { readonly expected: string; readonly actual: string }, options?: ErrorOptions) {
    super(
      `position belongs to log generation ${generations.expected}, this log is generation ${generations.actual}`,
      options,
    )
    this.expected = generations.expected
    this.actual = generations.actual
  }
}

/**
 * What was asked for lies before the place where the log begins now: its older events were taken into an archive, and out
 * of the log. Nothing was skipped.
 */
export class LogArchivedError extends MillraceError {
  override readonly name = 'LogArchivedError'
  override readonly code = 'ERR_LOG_ARCHIVED'
  override readonly retryable = false
  /** What was read: a log or a stream. */
  readonly source: string
  /** Commits before this number are in the archive only; who reads on from here begins before it. */
  readonly archivedBefore: number
  /** Of a stream: its first version in the log; undefined where there is none. */
  readonly firstVersion: number | undefined
  constructor(
    source: string,
    place: { readonly archivedBefore: number; readonly firstVersion?: number | undefined },
    options?: ErrorOptions,
  ) {
    const { archivedBefore, firstVersion } = place
    const first = firstVersion === undefined ? '' : `, which begins at version ${firstVersion}`
    super(
      `${source}: events of commits before ${archivedBefore} are in an archive and not in the log any more${first}`,
      options,
    )
    this.source = source
    this.archivedBefore = archivedBefore
    this.firstVersion = firstVersion
  }
}

/** A part of the log cannot be taken away; nothing was changed. */
export class PartitionHeldError extends MillraceError {
  override readonly name = 'PartitionHeldError'
  override readonly code = 'ERR_PARTITION_HELD'
  override readonly retryable = true
  readonly partition: string
  /** What holds it, one sentence each. */
  readonly reasons: readonly string[]
  constructor(partition: string, reasons: readonly string[], options?: ErrorOptions) {
    super(`partition ${partition} stays: ${reasons.join('; ')}`, options)
    this.partition = partition
    this.reasons = reasons
  }
}

/** The adapter, or the server behind it, cannot do what was asked; nothing was written. */
export class NotSupportedError extends MillraceError {
  override readonly name = 'NotSupportedError'
  override readonly code = 'ERR_NOT_SUPPORTED'
  override readonly retryable = false
}

/** The disk or the quota behind the store is full; nothing was written. */
export class StoreFullError extends MillraceError {
  override readonly name = 'StoreFullError'
  override readonly code = 'ERR_STORE_FULL'
  override readonly retryable = true
}

/** What lies in a stream is not what a store writes there: it was damaged, or written past the store. */
export class StreamCorruptError extends MillraceError {
  override readonly name = 'StreamCorruptError'
  override readonly code = 'ERR_STREAM_CORRUPT'
  override readonly retryable = false
  readonly streamId: string
  /** The store's own number of the record. */
  readonly sequence: number
  readonly reason: string
  constructor(
    at: { readonly streamId: string; readonly sequence: number; readonly reason: string },
    options?: ErrorOptions,
  ) {
    super(`stream ${at.streamId} is corrupt at sequence ${at.sequence}: ${at.reason}`, options)
    this.streamId = at.streamId
    this.sequence = at.sequence
    this.reason = at.reason
  }
}

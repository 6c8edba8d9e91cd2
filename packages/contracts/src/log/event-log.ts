import type { Position } from '../values/position.ts'

/** Anything that has a place in a log. */
export interface LogRecord {
  /** Unique in its log; part of the identity of whatever the record causes. */
  readonly id: string
  readonly position: Position
  /** Virtual bucket of the record's stream or row key, 0 to 63. */
  readonly bucket: number
}

/** Server-side narrowing of a log; several fields narrow further. */
export interface LogFilter {
  readonly types?: readonly string[]
  readonly categories?: readonly string[]
}

/** Options of {@link EventLog.readBatch}. */
export interface ReadBatchOptions {
  /** Stop after the commit that reaches this many records; at least one whole commit. @defaultValue 500 */
  readonly maxRecords?: number
  readonly filter?: LogFilter
  readonly signal?: AbortSignal
}

/** Some whole commits of a log. */
export interface LogBatch<R extends LogRecord> {
  /** In the order of the log; may be empty although `end` moved, where a filter left nothing. */
  readonly records: readonly R[]
  /**
   * Everything up to and including this commit is in the batch or was filtered out; equals the position asked from
   * where there is nothing new. The position to continue from, and the one a checkpoint holds.
   */
  readonly end: Position
}

/** How far a reader is behind. */
export interface LogLag {
  /** Records after the position: exact up to 100,000, an estimate above. */
  readonly records: number
  /** Recorded-at of the first record after the position; undefined at the head. */
  readonly oldest: Date | undefined
}

/**
 * An ordered, resumable log. No reader ever skips a record because its transaction committed late: what is not
 * settled yet is not readable yet, and `head` lies before it.
 */
export interface EventLog<R extends LogRecord> {
  /** Names the log in status and checkpoints. */
  readonly name: string
  /** Of the logs whose place this one has taken: their positions are refused, but whose they are is known. @defaultValue none */
  readonly formerGenerations?: readonly string[]
  /**
   * Where a reader of one of the {@link EventLog.formerGenerations} goes on in this log, that had handled everything there
   * up to and including a commit: what lay behind that lies behind the place here too, and nothing else does. Undefined
   * where nobody can tell any more. @defaultValue nobody can tell
   */
  translate?(former: Position): Promise<Position | undefined>
  /** Before the first record there ever was. Of a log whose older part was archived it cannot be read from. */
  beginning(): Promise<Position>
  /**
   * The end of what is in an archive only: the first place this log can be read from, by whoever means to leave out what
   * lies before it. Undefined where nothing was taken away. @defaultValue nothing ever is
   */
  archived?(): Promise<Position | undefined>
  /** The last commit a reader can reach now. */
  head(): Promise<Position>
  /**
   * Whole commits after a position, oldest first.
   * @throws {@link LogReplacedError} when the position belongs to another generation; {@link LogArchivedError} when records
   * behind it are in an archive only
   */
  readBatch(after: Position, options?: ReadBatchOptions): Promise<LogBatch<R>>
  /** The record at a position, undefined where there is none (any more). */
  readAt(position: Position): Promise<R | undefined>
  /**
   * Resolves true as soon as there may be commits after the position, false after `timeoutMs`. A wake-up is a hint:
   * it may come without a new commit, and a lost one is made good by the adapter's own polling.
   */
  waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean>
  lag(after: Position): Promise<LogLag>
}

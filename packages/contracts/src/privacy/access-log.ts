import type { Page } from '../processing/page.ts'

/** Somebody did something, or was refused. Never holds the data itself. */
export interface AccessEntry {
  readonly at: Date
  readonly actor: string
  /** The role it took. */
  readonly role: 'read' | 'write' | 'replay' | 'operate'
  /** What was done, for example `append` or `GET /api/events`. */
  readonly action: string
  /** What it was done to: a stream, a processor, a data subject; undefined where it is no single thing. */
  readonly target: string | undefined
  readonly outcome: 'allowed' | 'denied'
}

/** Narrowing of {@link AccessLog.list}. */
export interface ListAccessOptions {
  readonly actor?: string
  readonly target?: string
  /** Only entries of this time and later. */
  readonly since?: Date
  readonly cursor?: string
  /** 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** Who read, wrote, replayed or operated what, and when. */
export interface AccessLog {
  /** Durable when it resolves. `at` is the log's own time. */
  record(entry: Omit<AccessEntry, 'at'>): Promise<void>
  /** Newest first. @throws {@link InvalidCursorError} */
  list(options?: ListAccessOptions): Promise<Page<AccessEntry>>
  /**
   * Deletes the entries before a time, and records that together with it: who, how many, up to when. Those records stay.
   * How many it were.
   */
  prune(order: { readonly before: Date; readonly by: string }): Promise<number>
}

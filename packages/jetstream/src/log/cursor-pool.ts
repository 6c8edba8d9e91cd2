import { ConnectionError } from '@millrace/contracts'
import type { LogBatch, StoredEvent } from '@millrace/contracts'

import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { endOf, pause, unlessAborted } from '../read/answered.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { LogCursor } from './log-cursor.ts'

/** A reading that a cursor may serve. */
export interface CursorReading {
  readonly signal: AbortSignal | undefined
  /** Whether a cursor is worth opening. */
  readonly mayOpen: boolean
  readonly readFrom: (cursor: LogCursor) => Promise<LogBatch<StoredEvent>>
}

/** A wait at some place of the log. */
export interface CursorWait {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Asks the server whether there is something behind that place. */
  readonly hasMore: (signal: AbortSignal) => Promise<boolean>
}

const mostCursors = 16
/** A cursor that nobody has used for so long is closed. */
const idleMs = 2_000
const sweepMs = 500
/** Pauses of a wait for which no cursor may be opened. */
const pollMs = 250

/** The cursors of a process, each at the place where some reader stands. */
export class CursorPool implements AsyncDisposable {
  readonly #parts: ReadParts
  readonly #cursors = new Set<LogCursor>()
  /** Those that a reader reads from right now; nobody else may. */
  readonly #reading = new Set<LogCursor>()
  /** Those that are closed once the reading that has them ends. */
  readonly #spent = new WeakSet<LogCursor>()
  readonly #opening = new Map<number, Promise<LogCursor | undefined>>()
  readonly #closed = new AbortController()
  #timer: NodeJS.Timeout | undefined
  /** How often what cursors hold had to be forgotten. */
  #forgotten = 0

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** Undefined where no cursor stands there, and none was opened. */
  async read(at: number, reading: CursorReading): Promise<LogBatch<StoredEvent> | undefined> {
    const { signal, mayOpen, readFrom } = reading
    const found =
      this.#find(at) ?? (mayOpen ? await this.#open(at, endOf(this.#parts.link, signal)) : undefined)
    // Another reader may have taken it while it was opened.
    if (found === undefined || !this.#cursors.delete(found)) return undefined
    this.#reading.add(found)
    try {
      const batch = await found.whileUsed(async () => await readFrom(found))
      if (this.#spent.has(found)) await found[Symbol.asyncDispose]()
      else await this.#add(found)
      return batch
    } catch (error) {
      // What it has given away is lost with the batch.
      await found[Symbol.asyncDispose]()
      throw error
    } finally {
      this.#reading.delete(found)
    }
  }

  /** True once there is something behind the place, false after the time or an abort. */
  async wait(at: number, { timeoutMs, signal, hasMore }: CursorWait): Promise<boolean> {
    const ended = new AbortController()
    const timer = setTimeout(() => ended.abort(), timeoutMs)
    const until = AbortSignal.any([ended.signal, endOf(this.#parts.link, signal), this.#closed.signal])
    try {
      while (!(await this.#look(at, hasMore, until)));
      return true
    } catch (error) {
      if (until.aborted) return false
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Forgets the messages that were fetched ahead: some of them may have been deleted. Where none wait, none were. */
  async forget(): Promise<void> {
    this.#forgotten += 1
    for (const cursor of this.#reading) this.#spent.add(cursor)
    const ahead = [...this.#cursors].filter(({ hasMore }) => hasMore)
    await Promise.all(ahead.map(async (cursor) => await this.#drop(cursor)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(new ConnectionError('the event store was closed'))
    clearInterval(this.#timer)
    await Promise.allSettled(this.#opening.values())
    await Promise.all([...this.#cursors].map(async (cursor) => await this.#drop(cursor)))
  }

  /** Waits for the next sign at that place. */
  async #look(at: number, hasMore: CursorWait['hasMore'], until: AbortSignal): Promise<boolean> {
    until.throwIfAborted()
    const found = this.#find(at)
    if (found?.hasMore === true) return true
    if (found === undefined && (await hasMore(until))) return true
    const cursor = found ?? (await this.#open(at, until))
    if (cursor === undefined) await pause(pollMs, until)
    else await this.#change(cursor, until)
    return cursor?.at === at && cursor.hasMore
  }

  async #change(cursor: LogCursor, until: AbortSignal): Promise<void> {
    try {
      if (!cursor.hasMore) await cursor.whileUsed(async () => await cursor.change(until))
    } catch (error) {
      if (!until.aborted) await this.#drop(cursor)
      throw error
    }
  }

  #find(at: number): LogCursor | undefined {
    for (const cursor of this.#cursors) if (cursor.at === at) return cursor
    return undefined
  }

  /** Undefined where there are as many as may be. */
  async #open(at: number, until: AbortSignal): Promise<LogCursor | undefined> {
    if (this.#cursors.size + this.#opening.size >= mostCursors && !(await this.#dropOldest()))
      return undefined
    const opening = this.#opening.get(at) ?? this.#create(at)
    // Whoever waits for it sees the failure; who has stopped waiting needs none.
    opening.catch(() => undefined)
    this.#opening.set(at, opening)
    return await unlessAborted(opening, until)
  }

  async #create(at: number): Promise<LogCursor | undefined> {
    try {
      const count = this.#cursors.size + this.#reading.size + this.#opening.size
      if (count >= mostCursors && !(await this.#dropOldest())) return undefined
      const forgotten = this.#forgotten
      const cursor = await LogCursor.open(this.#parts, at, this.#closed.signal)
      if (forgotten === this.#forgotten) {
        await this.#add(cursor)
        return cursor
      }
      await cursor[Symbol.asyncDispose]()
      return undefined
    } catch (error) {
      if (isRefusal(error, errorCodes.tooManyConsumers)) return undefined
      throw error
    } finally {
      this.#opening.delete(at)
    }
  }

  async #add(cursor: LogCursor): Promise<void> {
    if (this.#closed.signal.aborted) {
      await cursor[Symbol.asyncDispose]()
      return
    }
    this.#cursors.add(cursor)
    this.#timer ??= setInterval(() => void this.#sweep(), sweepMs).unref()
  }

  async #sweep(): Promise<void> {
    for (const cursor of this.#cursors) if (cursor.idleMs > idleMs) await this.#drop(cursor)
    if (this.#cursors.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** False where all of them are used. */
  async #dropOldest(): Promise<boolean> {
    const [oldest] = [...this.#cursors]
      .filter(({ isUsed }) => !isUsed)
      .toSorted((a, b) => b.idleMs - a.idleMs)
    if (oldest === undefined) return false
    await this.#drop(oldest)
    return true
  }

  async #drop(cursor: LogCursor): Promise<void> {
    this.#cursors.delete(cursor)
    await cursor[Symbol.asyncDispose]()
  }
}

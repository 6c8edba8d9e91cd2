import type { JsonValue } from '../envelope/metadata.ts'

/** How often and when a job that failed is tried again. */
export interface JobRetryPolicy {
  /** 1 to 100; a crash of its worker counts. @defaultValue 3 */
  readonly maxAttempts?: number
  /** Milliseconds before the second attempt; doubled for each further one. @defaultValue 100 */
  readonly initialMs?: number
  /** Milliseconds at the most; the pause is drawn by lot up to it, but no less than half of it. @defaultValue 30_000 */
  readonly maxMs?: number
}

/** Options of {@link JobQueue.enqueue}. */
export interface EnqueueOptions<Tx = never> {
  /**
   * A second job of this key in the queue is the first one, until a day after that is done: 1 to 1,000 bytes of any text, of
   * which only a digest is kept. @defaultValue none: each call is a job
   */
  readonly idempotencyKey?: string
  /** The data subject that the job's data is about; erased with it. 1 to 200 characters. @defaultValue none */
  readonly subject?: string
  /** Milliseconds before it may begin: 0 to a year. @defaultValue 0 */
  readonly delayMs?: number
  /** A transaction the job comes and goes with, where the queue lies in a database. @defaultValue its own */
  readonly tx?: Tx
}

/** A job as a handler gets it. */
export interface RunningJob<Data = JsonValue> {
  readonly id: string
  readonly name: string
  readonly data: Data
  /** From 1 on. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Aborted once it has taken too long, or the worker has to end: what is done from then on may be done beside another try. */
  readonly signal: AbortSignal
  /** Tells how far it got, for whoever looks. */
  progress(value: JsonValue): Promise<void>
}

/** Does one job. A rejection is a failed attempt; an error with `retryable: false` is the last one. */
export type JobHandler<Data = JsonValue> = (job: RunningJob<Data>) => Promise<void>

/** Options of {@link JobQueue.work}. */
export interface WorkOptions {
  /** Jobs at once: 1 to 1,000. @defaultValue 1 */
  readonly concurrency?: number
  /** Milliseconds an attempt may take: 1 to a day. @defaultValue 30_000 */
  readonly timeoutMs?: number
  /** Milliseconds jobs in hand may take on once the worker is disposed of. @defaultValue 10_000 */
  readonly graceMs?: number
  /** Told of every failure of the queue itself; the worker goes on. @defaultValue nothing is told */
  readonly onProblem?: (error: unknown) => void
}

/** Takes jobs until it is disposed of, which waits for those in hand. */
export type JobWorker = AsyncDisposable

/** How many jobs there are. */
export interface QueueDepth {
  /** Could begin now. */
  readonly waiting: number
  /** Later: delayed, or between two attempts. */
  readonly delayed: number
  /** In the hands of a worker. */
  readonly active: number
  /** Failed for the last time. */
  readonly dead: number
}

/** A job as the queue has it. */
export interface JobView {
  readonly id: string
  readonly name: string
  readonly data: JsonValue
  readonly state: 'waiting' | 'delayed' | 'active' | 'done' | 'dead'
  /** Attempts that were begun. */
  readonly attempts: number
  readonly progress: JsonValue | undefined
  /** Why the last attempt failed; undefined where none did. */
  readonly error: string | undefined
}

/**
 * Jobs that are done once each, at least once and in no order, by whichever worker is free. Every adapter passes
 * `jobQueueContract`.
 *
 * A job is in the queue once `enqueue` has resolved, or its transaction has committed. A worker that dies leaves its jobs to
 * the others, within twice the lease of the queue. What fails for the last time stays as a dead letter until it is retried
 * or removed; what is done is forgotten after a day.
 *
 * All methods throw {@link InvalidValueError} for bad input and {@link ConnectionError} where the queue cannot be reached.
 */
export interface JobQueue<Tx = never> extends AsyncDisposable {
  /** Names are 1 to 100 characters; data is JSON of at most 1 MiB. @throws {@link NotSupportedError} for a transaction */
  enqueue(name: string, data: JsonValue, options?: EnqueueOptions<Tx>): Promise<{ readonly id: string }>
  /** Begins to take jobs of all names. */
  work(handle: JobHandler, options?: WorkOptions): JobWorker
  depth(): Promise<QueueDepth>
  /** Undefined for a job that never was, or is forgotten. */
  find(id: string): Promise<JobView | undefined>
  /** The longest dead first: 1 to 1,000 of them. @defaultValue 100 */
  listDead(limit?: number): Promise<readonly JobView[]>
  /** Lets a dead job begin anew, with all its attempts; false where there is none of this id. */
  retryDead(id: string): Promise<boolean>
  /** Removes a dead job; false where there is none of this id. */
  removeDead(id: string): Promise<boolean>
  /**
   * Removes every job about a data subject, in whatever state, with all that is kept of it; how many. One that a worker has in
   * hand goes on in that worker, and nothing is recorded of it any more. May be repeated.
   */
  eraseSubject(subject: string): Promise<number>
}

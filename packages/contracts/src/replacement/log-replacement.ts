import type { EventStore } from '../store/event-store.ts'
import type { Position } from '../values/position.ts'
import type { LogCopy } from './log-copy.ts'

/** How far a log's replacement has got. */
export type ReplacementState =
  /** The log is written to as ever. */
  | { readonly kind: 'current' }
  /** Nobody can append: it is being replaced by `by`, or the process that did so has died. */
  | { readonly kind: 'fenced'; readonly by: string }
  /** Whoever opens the log gets `by` instead. */
  | { readonly kind: 'replaced'; readonly by: string }

/**
 * Puts a copy in the place of a log: fence, copy the rest, switch. Each step is durable when it resolves and changes
 * nothing when it is repeated, so that another process can finish or undo what one has left in the middle.
 */
export interface LogReplacement extends AsyncDisposable {
  /** Names the log that is replaced: a JetStream stream, an SQL schema. */
  readonly from: string
  /** Names its copy. */
  readonly to: string
  /** The log that is replaced, for reading; never creates or changes anything. */
  readonly source: EventStore
  state(): Promise<ReplacementState>
  /** The copy, undefined where there is none; creates nothing. @throws {@link ConfigurationError} where `to` is something else */
  findCopy(): Promise<LogCopy | undefined>
  /** The copy, created where it is missing. `restart` deletes what was copied before. @throws {@link ConfigurationError} */
  openCopy(options?: { readonly restart?: boolean }): Promise<LogCopy>
  /**
   * Stops every writer of the source: an append that was under way has ended, and every later one waits or fails.
   * @returns the last place of the source; nothing will ever follow it, unless the fence is taken back
   */
  fence(): Promise<Position>
  /** Lets the source's writers go on, where it is this copy that was taking its place; another's fence stays. */
  unfence(): Promise<void>
  /**
   * Whoever opens the source's name gets the copy from now on, and stores that are open find out by
   * {@link LogReplacedError}. The source stays as it is, readable and fenced. To be called behind {@link fence}; once the
   * source is replaced, it changes nothing any more.
   * @throws {@link ConfigurationError} where another process has taken the fence away since, {@link ConcurrencyError} where
   * the source has commits that the fence did not see; nothing was replaced then
   */
  complete(): Promise<void>
  /**
   * Puts the source back in its place. The copy is fenced and stays.
   * @throws {@link ConcurrencyError} where the copy has commits of its own, which would be lost, {@link ConfigurationError}
   * where something else is taking the copy's place, or has; nothing was changed then
   */
  revert(): Promise<void>
}

import type { Position } from '../values/position.ts'

/** A part of a log that can be taken away as a whole. */
export interface LogPartition {
  readonly name: string
  /** Number of the first commit it may hold. */
  readonly fromCommit: number
  /** Number of the first commit after it. */
  readonly toCommit: number
  /** `attached`: read as part of the log. `detached`: apart from it, kept. `dropped`: in the archive only. */
  readonly state: 'attached' | 'detached' | 'dropped'
  /** Exact once it is detached, an estimate before; undefined where nobody has counted. */
  readonly events: number | undefined
  /** On disk, with its indexes. */
  readonly bytes: number
  /** The archive that holds its events; undefined while it is attached. */
  readonly archive: string | undefined
  /** See {@link DetachOrder}. */
  readonly archiveHash: string | undefined
  readonly detachedAt: Date | undefined
  readonly detachedBy: string | undefined
}

/** Which part to take away, and where its events are. */
export interface DetachOrder {
  readonly name: string
  /** What holds its events, as operators call it. */
  readonly archive: string
  /** SHA-256 of what describes that archive, in hexadecimal digits. */
  readonly archiveHash: string
  /** The archive's last commit; every event up to it was compared with the log. */
  readonly archivedUpTo: Position
  /** How many of the partition's events are in the archive. */
  readonly events: number
  /** The latest occurred-at among them; undefined where there is none. */
  readonly occurredUntil: Date | undefined
  /** Who asks: 1 to 200 characters. */
  readonly by: string
}

/**
 * The parts of a log, oldest first, that can be taken away once their events are in an archive. Streams keep their versions,
 * commits their ids, chains their hashes: appending goes on as if nothing had happened. Who would read what is not there is
 * told so by {@link LogArchivedError}.
 */
export interface LogPartitions {
  list(): Promise<readonly LogPartition[]>
  /** Why one cannot be detached now, its events being archived up to a place; none: it can. Undefined where there is none. */
  held(name: string, archivedUpTo: Position): Promise<readonly string[] | undefined>
  /**
   * Takes the oldest part out of the log, in one transaction; it lies beside the log until it is dropped. One that is
   * detached already is left as it is.
   * @throws {@link PartitionHeldError} and nothing was changed
   */
  detach(order: DetachOrder): Promise<LogPartition>
  /** Deletes what was detached. One that was dropped already is left as it is. @throws {@link PartitionHeldError} */
  drop(name: string): Promise<LogPartition>
}

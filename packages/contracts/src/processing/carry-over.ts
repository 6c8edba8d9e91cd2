import type { Position } from '../values/position.ts'

/** Where a record lies, and what it is called there: the part of a split has the id `<id>#<part>` until its log is migrated. */
export interface RecordPlace {
  readonly position: Position
  readonly recordId: string
}

/** How the places of a log that was replaced are found in the one that has taken its place. */
export interface CarryOver {
  /** Of the logs that were replaced; what belongs to another one stays as it is. */
  readonly formerGenerations: readonly string[]
  /** Where a checkpoint goes on; undefined where nobody can tell: the processor then stays with the former log. */
  readonly checkpoint: (former: Position) => Promise<Position | undefined>
  /** Where the record of a delivery, a dead letter or a parked record lies; undefined where it is gone. */
  readonly record: (former: RecordPlace) => Promise<RecordPlace | undefined>
}

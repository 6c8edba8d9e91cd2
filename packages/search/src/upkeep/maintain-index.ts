import type { RolloverOptions, SearchFields, SearchIndex } from '@millrace/contracts'

const dayMs = 86_400_000

/** What is kept of an index, and for how long. */
export interface UpkeepRules {
  /** Of a series: when its last segment is closed. @defaultValue never */
  readonly rollover?: RolloverOptions
  /** Of a series: milliseconds a segment is kept after it was closed; then it goes as a whole. @defaultValue for ever */
  readonly keepClosedMs?: number
  /**
   * Milliseconds the version of what was deleted or erased is kept, longer than any write may be late.
   * @defaultValue 604_800_000, seven days
   */
  readonly keepMarksMs?: number
}

/** What was done. */
export interface UpkeepReport {
  readonly rolledOver: boolean
  /** Segments that were removed. */
  readonly dropped: number
  /** Versions of deleted documents that were forgotten. */
  readonly purged: number
}

/** Applies the rules to an index once; to be called now and then, by any process, also by several. */
export async function maintainIndex<Fields extends SearchFields>(
  index: SearchIndex<Fields>,
  { rollover, keepClosedMs, keepMarksMs = 7 * dayMs }: UpkeepRules,
): Promise<UpkeepReport> {
  const rolledOver = rollover === undefined ? false : await index.rollover(rollover)
  const dropped = keepClosedMs === undefined ? 0 : await index.dropSegments({ closedBeforeMs: keepClosedMs })
  const purged = await index.purge({ deletedBeforeMs: keepMarksMs })
  return { rolledOver, dropped, purged }
}

import type { StreamId } from '@millrace/contracts'

/** What became of one append, as its writer knows it. */
export type AppendOutcome =
  | { readonly kind: 'acknowledged'; readonly version: number }
  /** Refused: it must not be stored. */
  | { readonly kind: 'conflict' }
  /** The writer gave up without knowing: it may be stored, once. */
  | { readonly kind: 'unknown'; readonly error: string }

/** One line of a writer's record. */
export interface RecordedAppend {
  readonly streamId: StreamId
  /** Ids of its events, in order. */
  readonly ids: readonly string[]
  readonly outcome: AppendOutcome
  /** Epoch milliseconds. */
  readonly begin: number
  readonly ms: number
}

/** A stored event, as far as it is judged. */
export interface StoredFact {
  readonly id: string
  readonly streamId: string
  readonly version: number
}

/** What a recorded history says of what is stored. */
export interface HistoryVerdict {
  readonly acknowledgedEvents: number
  readonly conflicts: number
  readonly unknownAppends: number
  /** Of the unknown ones, those that are stored. */
  readonly unknownStored: number
  readonly longestMs: number
  /** Acknowledged events that are not there, or not where their receipt says. */
  readonly lost: number
  /** Events that are there twice. */
  readonly duplicated: number
  /** Versions that are missing or come twice. */
  readonly gaps: number
  /** Events of refused appends, of appends stored in part, and of nobody. */
  readonly ghosts: number
}

/** Counts versions that do not follow the one before. */
function gapsIn(stored: readonly StoredFact[]): number {
  const heads = new Map<string, number>()
  let gaps = 0
  for (const { streamId, version } of stored) {
    if (version !== (heads.get(streamId) ?? 0) + 1) gaps += 1
    heads.set(streamId, version)
  }
  return gaps
}

function placesOf(stored: readonly StoredFact[]): ReadonlyMap<string, string> {
  return new Map(stored.map(({ id, streamId, version }) => [id, `${streamId} ${version}`]))
}

function lostOf({ streamId, ids, outcome }: RecordedAppend, places: ReadonlyMap<string, string>): number {
  if (outcome.kind !== 'acknowledged') return 0
  const first = outcome.version - ids.length + 1
  return ids.filter((id, i) => places.get(id) !== `${streamId} ${first + i}`).length
}

/** Judges what is stored, in the order of the log, by what the writers recorded. */
export function judgeHistory(
  appends: readonly RecordedAppend[],
  stored: readonly StoredFact[],
): HistoryVerdict {
  const places = placesOf(stored)
  const isThere = (id: string): boolean => places.has(id)
  const acknowledged = appends.filter(({ outcome }) => outcome.kind === 'acknowledged')
  const unknown = appends.filter(({ outcome }) => outcome.kind === 'unknown')
  const whole = unknown.filter(({ ids }) => ids.every(isThere))
  const explained = new Set([...acknowledged, ...whole].flatMap(({ ids }) => ids))
  return {
    acknowledgedEvents: acknowledged.reduce((sum, { ids }) => sum + ids.length, 0),
    conflicts: appends.filter(({ outcome }) => outcome.kind === 'conflict').length,
    unknownAppends: unknown.length,
    unknownStored: whole.length,
    longestMs: appends.reduce((longest, { ms }) => Math.max(longest, ms), 0),
    lost: appends.reduce((sum, append) => sum + lostOf(append, places), 0),
    duplicated: stored.length - places.size,
    gaps: gapsIn(stored),
    ghosts: [...places.keys()].filter((id) => !explained.has(id)).length,
  }
}

/** How many appends were under way at a moment. */
export function underWay(appends: readonly RecordedAppend[], moment: number): number {
  return appends.filter(({ begin, ms }) => begin <= moment && moment <= begin + ms).length
}

/** True when nothing was lost, duplicated, left out or made up. */
export function isSound({ lost, duplicated, gaps, ghosts }: HistoryVerdict): boolean {
  return lost + duplicated + gaps + ghosts === 0
}

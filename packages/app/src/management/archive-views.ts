import type { LogPartition } from '@millrace/contracts'
import { formatPosition } from '@millrace/contracts'
import type { ArchiveSummary } from '@millrace/migration'

/** Told while work goes on that takes its time. */
export interface Work {
  /** So many of about so many events are done. */
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
  /** Stops it at its next step; what is done stays, and the same call goes on from there. */
  readonly signal?: AbortSignal
}

/** An archive as JSON. */
export interface ArchiveView {
  readonly name: string
  /** Null where what is there cannot be read. */
  readonly log: string | null
  readonly generation: string | null
  /** Whether it is of the log as it is now, so that it can be added to. */
  readonly current: boolean
  readonly files: number
  readonly commits: number
  readonly events: number
  /** Positions of the first event and the last. */
  readonly first: string | null
  readonly last: string | null
  readonly problem: string | null
}

/** The archives of an app, and where they lie on the machine it runs on. */
export interface ArchivesView {
  readonly folder: string
  readonly archives: readonly ArchiveView[]
}

/** Order of {@link Management.createArchive}. */
export interface ArchiveOrder {
  /** 1 to 63 characters: a-z, 0-9, `_`, `-` and `.`. @defaultValue `'events'` */
  readonly name?: string
  /** Only commits recorded before that: an ISO 8601 date or date-time. @defaultValue so long ago as the settings say */
  readonly before?: string
}

/** What was added to an archive. */
export interface ArchiveRunView {
  readonly name: string
  readonly before: string
  readonly added: { readonly files: number; readonly commits: number; readonly events: number }
  /** Position of the last event in it; null while it is empty. */
  readonly reached: string | null
  /** False where it was stopped: the same call goes on. */
  readonly complete: boolean
}

/** A sound archive. */
export interface ArchiveCheckView extends ArchiveView {
  /** The partitions whose events it holds, and the log does not any more. */
  readonly partitions: readonly string[]
}

/** A partition of the log as JSON. */
export interface LogPartitionView {
  readonly name: string
  readonly fromCommit: number
  /** The first commit after it. */
  readonly toCommit: number
  readonly state: 'attached' | 'detached' | 'dropped'
  readonly events: number | null
  readonly bytes: number
  readonly archive: string | null
  readonly detachedAt: string | null
  readonly detachedBy: string | null
}

/** Order of {@link Management.detachPartition}. */
export interface PartitionOrder {
  /** Which archive holds its events. @defaultValue `'events'` */
  readonly archive?: string
  /** Deletes it once it is detached. @defaultValue false */
  readonly drop?: boolean
  /** Compares and asks, and changes nothing. @defaultValue false */
  readonly dryRun?: boolean
  /** Who asks: 1 to 200 characters. */
  readonly by: string
}

/** An archive as it says of itself. */
export function archiveView(name: string, generation: string, summary: ArchiveSummary): ArchiveView {
  const { log, files, commits, events, first, last } = summary
  return {
    name,
    log,
    generation: summary.generation,
    current: summary.generation === generation,
    files,
    commits,
    events,
    first: first === undefined ? null : formatPosition(first),
    last: last === undefined ? null : formatPosition(last),
    problem: null,
  }
}

/** One that cannot be read. */
export function brokenArchive(name: string, problem: string): ArchiveView {
  const counts = { files: 0, commits: 0, events: 0 }
  return { name, log: null, generation: null, current: false, ...counts, first: null, last: null, problem }
}

export function logPartitionView(partition: LogPartition): LogPartitionView {
  const { name, fromCommit, toCommit, state, events, bytes, archive, detachedAt, detachedBy } = partition
  return {
    name,
    fromCommit,
    toCommit,
    state,
    events: events ?? null,
    bytes,
    archive: archive ?? null,
    detachedAt: detachedAt?.toISOString() ?? null,
    detachedBy: detachedBy ?? null,
  }
}

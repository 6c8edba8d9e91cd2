import { PartitionHeldError, parsePosition } from '@millrace/contracts'
import type { EventStore, LogPartition, LogPartitions, Position } from '@millrace/contracts'

import { ArchiveError } from './archive-error.ts'
import { compareWithLog } from './compare-with-log.ts'
import { hashOfPart } from './manifest.ts'
import { openManifest, verifyArchive } from './read-archive.ts'

/** Settings of {@link detachArchived}. */
export interface DetachOptions {
  /** The log, only ever read. */
  readonly source: EventStore
  readonly partitions: LogPartitions
  /** Of the partition. */
  readonly name: string
  /** Holds the archive. */
  readonly folder: string
  /** What operators call the archive. */
  readonly archive: string
  /** Who asks: 1 to 200 characters. */
  readonly by: string
  /** Deletes it once it is detached. @defaultValue false */
  readonly drop?: boolean
  /** Only looks whether it can be done. @defaultValue false */
  readonly dryRun?: boolean
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
  /** Stops before anything is changed. */
  readonly signal?: AbortSignal
}

async function checkHeld({ partitions, name }: DetachOptions, archivedUpTo: Position): Promise<void> {
  const reasons = (await partitions.held(name, archivedUpTo)) ?? ['it does not exist']
  if (reasons.length > 0) throw new PartitionHeldError(name, reasons)
}

async function detach(options: DetachOptions, partition: LogPartition): Promise<LogPartition> {
  const { source, partitions, name, folder, archive, by, signal, onProgress, dryRun = false } = options
  const manifest = await openManifest(folder)
  const last = manifest.files.at(-1)?.last
  const archivedUpTo = last === undefined ? await source.log.beginning() : parsePosition(last)
  // Before the archive is read, which takes its time; and once more where it is done.
  await checkHeld(options, archivedUpTo)
  await verifyArchive(folder, signal === undefined ? {} : { signal })
  const { fromCommit, toCommit } = partition
  const { events, occurredUntil } = await compareWithLog({
    source,
    folder,
    manifest,
    fromCommit,
    toCommit,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  })
  signal?.throwIfAborted()
  if (dryRun) return partition
  const archiveHash = hashOfPart(manifest, partition)
  return await partitions.detach({ name, archive, archiveHash, archivedUpTo, events, occurredUntil, by })
}

/**
 * Takes the oldest partition out of a log, after every file of the archive was read and each of the partition's events was
 * found in it byte for byte. Run again after a kill it goes on: one that is detached is only dropped, where that is asked for.
 *
 * @returns undefined where there is no such partition
 * @throws {@link PartitionHeldError} with the reasons, {@link ArchiveError}; nothing was changed
 */
export async function detachArchived(options: DetachOptions): Promise<LogPartition | undefined> {
  const { partitions, name, drop = false, dryRun = false } = options
  const found = (await partitions.list()).find((partition) => partition.name === name)
  if (found === undefined) return undefined
  const detached = found.state === 'attached' ? await detach(options, found) : found
  return drop && !dryRun && detached.state === 'detached' ? await partitions.drop(name) : detached
}

/**
 * The partitions whose events an archive holds, and the log does not any more.
 * @throws {@link ArchiveError} where it does not hold what it held when one was detached
 */
export async function checkArchivedPartitions(
  folder: string,
  archive: string,
  partitions: readonly LogPartition[],
): Promise<readonly string[]> {
  const manifest = await openManifest(folder)
  const gone = partitions.filter((partition) => partition.archive === archive)
  const lost = gone.find((partition) => partition.archiveHash !== hashOfPart(manifest, partition))
  if (lost !== undefined)
    throw new ArchiveError(folder, `it is not what it was when ${lost.name} was taken out of the log`)
  return gone.map(({ name }) => name)
}

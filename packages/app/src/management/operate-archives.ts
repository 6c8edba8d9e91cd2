import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { formatPosition, holdLock, InvalidValueError, isMillraceError } from '@millrace/contracts'
import type { EventStore, Lock, LockAttempt, LockDriver, LogPartitions } from '@millrace/contracts'
import {
  archiveLog,
  checkArchivedPartitions,
  describeArchive,
  detachArchived,
  verifyArchive,
} from '@millrace/migration'

import { ArchiveBusyError } from '../errors.ts'
import type { Settings } from '../settings/settings.ts'
import { archiveView, brokenArchive, logPartitionView } from './archive-views.ts'
import type {
  ArchiveCheckView,
  ArchiveOrder,
  ArchiveRunView,
  ArchivesView,
  ArchiveView,
  LogPartitionView,
  PartitionOrder,
  Work,
} from './archive-views.ts'
import { checkActor, checkText, parseInstant } from './arguments.ts'

/** What is archived, and with what. */
export interface ArchiveSource {
  readonly store: EventStore
  readonly locks: LockDriver
  readonly instance: string
  readonly settings: Pick<Settings, 'archiveFolder' | 'archiveAgeDays' | 'accessLogRetentionDays'>
  /** Undefined on JetStream. */
  readonly partitions: LogPartitions | undefined
}

const dayMs = 86_400_000
const lockTtlMs = 10_000
const graceMs = 100
const defaultArchive = 'events'

function checkArchive(name: string = defaultArchive): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name))
    throw new InvalidValueError('archive', '1 to 63 characters: a-z, 0-9, then also _ . and -')
  return name
}

const folderOf = ({ settings }: ArchiveSource, name: string): string =>
  join(settings.archiveFolder.value, name)

async function generationOf({ store }: ArchiveSource): Promise<string> {
  return (await store.log.beginning()).generation
}

/** Where the lock is not renewed its holder is dead: it is waited for until it ends. */
async function lockOf({ locks, instance }: ArchiveSource, name: string): Promise<Lock> {
  const ask = async (): Promise<LockAttempt> =>
    await locks.acquire(`archive/${name}`, { owner: `${instance}:${process.pid}`, ttlMs: lockTtlMs })
  const asked = await ask()
  if (asked.kind === 'granted') return asked.lock
  await setTimeout(Math.min(lockTtlMs, Math.max(0, asked.until.getTime() - Date.now())) + graceMs)
  const again = await ask()
  if (again.kind === 'granted') return again.lock
  throw new ArchiveBusyError(name, again.heldBy)
}

/** Nobody else writes to the archive meanwhile. @throws {@link ArchiveBusyError} */
async function alone<Result>(
  source: ArchiveSource,
  name: string,
  {
    work,
    signal,
  }: {
    readonly work: (signal: AbortSignal) => Promise<Result>
    readonly signal: AbortSignal | undefined
  },
): Promise<Result> {
  const lock = await lockOf(source, name)
  await using held = holdLock(source.locks, lock, { ttlMs: lockTtlMs })
  return await work(signal === undefined ? held.lost : AbortSignal.any([held.lost, signal]))
}

async function viewOf(source: ArchiveSource, name: string): Promise<ArchiveView | undefined> {
  try {
    const summary = await describeArchive(folderOf(source, name))
    return summary && archiveView(name, await generationOf(source), summary)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'ERR_ARCHIVE') return brokenArchive(name, error.message)
    throw error
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).toSorted()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** What lies in the folder of archives, by name. */
export async function listArchives(source: ArchiveSource): Promise<ArchivesView> {
  const folder = source.settings.archiveFolder.value
  const archives: ArchiveView[] = []
  for (const name of await namesIn(folder)) {
    const view = await viewOf(source, name)
    if (view !== undefined) archives.push(view)
  }
  return { folder, archives }
}

/** Adds what is old enough to an archive. */
export async function createArchive(
  source: ArchiveSource,
  order: ArchiveOrder,
  { onProgress, signal }: Work,
): Promise<ArchiveRunView> {
  const name = checkArchive(order.name)
  const { archiveAgeDays } = source.settings
  const before =
    order.before === undefined
      ? new Date(Date.now() - archiveAgeDays.value * dayMs)
      : parseInstant('before', order.before)
  const run = async (stop: AbortSignal): Promise<ArchiveRunView> => {
    const { reached, ...added } = await archiveLog({
      source: source.store,
      folder: folderOf(source, name),
      before,
      signal: stop,
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    return {
      name,
      before: before.toISOString(),
      added,
      reached: reached === undefined ? null : formatPosition(reached),
      complete: !stop.aborted,
    }
  }
  return await alone(source, name, { work: run, signal })
}

/** Reads all of an archive; undefined where there is none. */
export async function checkOneArchive(
  source: ArchiveSource,
  name: string,
  work: Work,
): Promise<ArchiveCheckView | undefined> {
  const folder = folderOf(source, checkArchive(name))
  if ((await describeArchive(folder)) === undefined) return undefined
  const summary = await verifyArchive(folder, work)
  const partitions = await checkArchivedPartitions(folder, name, (await source.partitions?.list()) ?? [])
  return { ...archiveView(name, await generationOf(source), summary), partitions }
}

/** Undefined where events do not lie in partitions. */
export async function listPartitions({
  partitions,
}: ArchiveSource): Promise<readonly LogPartitionView[] | undefined> {
  return (await partitions?.list())?.map(logPartitionView)
}

/** Takes the oldest partition out of the log; undefined where there is none of that name. */
export async function detachPartition(
  source: ArchiveSource,
  name: string,
  { order, work }: { readonly order: PartitionOrder; readonly work: Work },
): Promise<LogPartitionView | undefined> {
  const { store, partitions } = source
  checkText('name', name)
  const by = checkActor(order.by)
  const archive = checkArchive(order.archive)
  if (partitions === undefined) return undefined
  const { drop, dryRun } = order
  const { onProgress } = work
  const detach = async (signal: AbortSignal): Promise<LogPartitionView | undefined> => {
    const detached = await detachArchived({
      source: store,
      partitions,
      name,
      folder: folderOf(source, archive),
      archive,
      by,
      signal,
      ...(drop === undefined ? {} : { drop }),
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    return detached && logPartitionView(detached)
  }
  return await alone(source, archive, { work: detach, signal: work.signal })
}

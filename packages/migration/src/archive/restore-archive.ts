import { parsePosition } from '@millrace/contracts'
import type { LogReplacement } from '@millrace/contracts'

import { ArchiveError } from './archive-error.ts'
import { commitsOf, openManifest, verifyArchive } from './read-archive.ts'
import type { ArchiveSummary } from './read-archive.ts'

/** Settings of {@link restoreArchive}. */
export interface RestoreOptions {
  readonly folder: string
  /** Of an empty log, which the restored one takes the place of. */
  readonly replacement: LogReplacement
  /** Stops between two files; what was copied stays, and the next run goes on from there. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
}

/**
 * Puts an archive in the place of an empty log: the same events, ids, commits, versions and times, byte for byte. Positions
 * and the log's generation are new, as of every log that was restored; on JetStream recorded-at too, which is the server's. Nothing is restored of an archive that is not sound,
 * and a restore that died goes on where it was when it is run again.
 *
 * @throws {@link ArchiveError} for a bad archive, and where the log is not empty
 */
export async function restoreArchive(options: RestoreOptions): Promise<ArchiveSummary> {
  const { folder, replacement, onProgress, signal } = options
  const { source } = replacement
  const summary = await verifyArchive(folder, signal === undefined ? {} : { signal })
  const { files } = await openManifest(folder)
  const beginning = await source.log.beginning()
  const { generation } = beginning
  const { records } = await source.log.lag(beginning)
  if (records > 0) throw new ArchiveError(folder, `log ${replacement.from} is not empty`)
  const copy = await replacement.openCopy()
  try {
    const done = await copy.progress()
    let events = 0
    for (const file of files) {
      signal?.throwIfAborted()
      // Places of the archived log, as if they were of the empty one: a copy follows one log only.
      const missing = (await commitsOf(folder, file))
        .filter((commit) => commit.source.commit > done)
        .map((commit) => ({ ...commit, source: { ...commit.source, generation } }))
      if (missing.length > 0) await copy.append(missing, { ...parsePosition(file.last), generation })
      events += file.events
      onProgress?.({ events, total: summary.events })
    }
    await replacement.fence()
    await replacement.complete()
  } finally {
    await copy[Symbol.asyncDispose]()
  }
  return summary
}

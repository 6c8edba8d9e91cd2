import { resolve } from 'node:path'

import { resolveSettings } from '@millrace/app'
import type { ArchiveView } from '@millrace/app'
import { defined, formatPosition } from '@millrace/contracts'
import { restoreArchive } from '@millrace/migration'

import { findDefinition } from '../connect/open-target.ts'
import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { Progress } from '../output/progress.ts'
import { formatFields, formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'
import { interruptible } from './interruptible.ts'
import { withReplacement } from './migrate-options.ts'
import type { MigrateFlags } from './migrate-options.ts'

/** Options of `archive create`. */
export interface ArchiveCreateFlags {
  readonly before?: string
}

const count = (n: number): string => n.toLocaleString('en')

function formatArchives(archives: readonly ArchiveView[]): string {
  return formatTable(archives, [
    { title: 'ARCHIVE', value: ({ name }) => name },
    { title: 'EVENTS', value: ({ events }) => count(events), align: 'right' },
    { title: 'COMMITS', value: ({ commits }) => count(commits), align: 'right' },
    { title: 'FILES', value: ({ files }) => files, align: 'right' },
    { title: 'FROM', value: ({ first }) => first ?? '' },
    { title: 'TO', value: ({ last }) => last ?? '' },
    { title: '', value: ({ current, problem }) => problem ?? (current ? '' : 'of another log'), width: 200 },
  ])
}

/** `millrace archive list` */
export async function listArchives({ management, printer }: CommandContext): Promise<ExitCode> {
  const view = await management.archives()
  await printer.result(view, () => `${formatArchives(view.archives)}in ${view.folder}\n`)
  return exitCode.ok
}

/** `millrace archive create [NAME]` */
export async function createArchive(
  { management, printer, io }: CommandContext,
  name: string | undefined,
  { before }: ArchiveCreateFlags,
): Promise<ExitCode> {
  const signal = io.interrupted()
  return await interruptible({ printer, signal }, async () => {
    using progress = new Progress(io.stderr)
    const run = await management.createArchive(defined({ name, before }), {
      signal,
      onProgress: ({ events, total }) => progress.show(events, total),
    })
    const { added, reached, complete } = run
    const until = reached === null ? 'it is empty' : `it reaches ${reached}`
    await printer.result(
      run,
      () => `${run.name}: ${count(added.events)} events in ${count(added.commits)} commits added, ${until}\n`,
    )
    if (!complete) printer.note('stopped; run the same command again to go on from there')
    return complete ? exitCode.ok : exitCode.failure
  })
}

/** `millrace archive verify [NAME]` */
export async function verifyArchive(
  { management, printer, io }: CommandContext,
  name: string,
): Promise<ExitCode> {
  const signal = io.interrupted()
  return await interruptible({ printer, signal }, async () => {
    using progress = new Progress(io.stderr)
    const view = await management.verifyArchive(name, {
      signal,
      onProgress: ({ events, total }) => progress.show(events, total),
    })
    if (view === undefined) throw new NotFoundError(`archive ${name} does not exist`)
    const holds = view.partitions.length === 0 ? 'none' : view.partitions.join(', ')
    await printer.result(view, () =>
      formatFields([
        ['archive', `${name} is sound`],
        ['events', `${count(view.events)} in ${count(view.commits)} commits, ${view.files} files`],
        ['from', view.first ?? ''],
        ['to', view.last ?? ''],
        ['partitions it stands for', holds],
      ]),
    )
    return exitCode.ok
  })
}

/** A name is below the app's folder of archives; what looks like a path is one. */
async function folderOf(archive: string, flags: MigrateFlags, { env, cwd }: CliIo): Promise<string> {
  if (/[/\\]/.test(archive)) return resolve(cwd, archive)
  const { settings } = await findDefinition(flags, cwd)
  const option = { ...(flags.data === undefined ? {} : { dataDir: flags.data }), cwd }
  return resolve(resolveSettings(settings, env, option).archiveFolder.value, archive)
}

/** `millrace archive restore ARCHIVE` */
export async function restoreLog(archive: string, flags: MigrateFlags, io: CliIo): Promise<ExitCode> {
  const folder = await folderOf(archive, flags, io)
  return await withReplacement(flags, io, async ({ replacement, printer, signal }) => {
    return await interruptible({ printer, signal }, async () => {
      using progress = new Progress(io.stderr)
      const { from, to } = replacement
      const { events, commits, last } = await restoreArchive({
        folder,
        replacement,
        signal,
        onProgress: ({ events: done, total }) => progress.show(done, total),
      })
      const view = {
        from,
        to,
        folder,
        events,
        commits,
        last: last === undefined ? null : formatPosition(last),
      }
      await printer.result(
        view,
        () =>
          `${count(events)} events in ${count(commits)} commits restored; ${to} has taken the place of ${from}\n`,
      )
      return exitCode.ok
    })
  })
}

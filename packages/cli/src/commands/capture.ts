import { captureCalls, openCaptures } from '@millrace/app'
import type { CaptureCalls, CaptureView } from '@millrace/app'
import { ConfigurationError, defined } from '@millrace/contracts'

import type { GlobalOptions } from '../connect/global-options.ts'
import { findDefinition, findRunning } from '../connect/open-target.ts'
import { NotFoundError, UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { Printer } from '../output/printer.ts'
import { formatFields, formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'

/** Options of every `capture` command. */
export interface CaptureFlags extends GlobalOptions {
  readonly database?: string
}

/** Options of `capture install`. */
export interface CaptureInstallFlags extends CaptureFlags {
  readonly as?: string
  readonly exclude?: readonly string[]
  readonly tenant?: string
}

/** Options of `capture remove`. */
export interface CaptureRemoveFlags extends CaptureFlags {
  readonly deleteChanges?: boolean
}

/** Options of `capture prune`. */
export interface CapturePruneFlags extends CaptureFlags {
  readonly olderThan?: string
  readonly dryRun?: boolean
}

/** What a `capture` command works with. */
interface CaptureContext {
  readonly captures: CaptureCalls
  readonly printer: Printer
}

/** The running app where there is one, else the database itself: of the tables, not of the events. */
async function withCaptures(
  flags: CaptureFlags,
  io: CliIo,
  work: (context: CaptureContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { database, data: dataDir, url } = flags
  const printer = new Printer(io, flags.json === true)
  if (database !== undefined && url !== undefined)
    throw new UsageError('give the address of a server (--url) or of a database (--database), not both')
  const running = database === undefined ? await findRunning(flags, io) : undefined
  if (running !== undefined) return await work({ captures: running, printer })
  const definition = await findDefinition(flags, io.cwd)
  const { env, cwd } = io
  await using tables = await openCaptures(definition, { env, cwd, ...defined({ dataDir, database }) })
  return await work({ captures: captureCalls(tables), printer })
}

function formatOne(capture: CaptureView): string {
  const { name, table, key, excluded, tenant, installedAt, state, faults } = capture
  return formatFields([
    ['capture', name],
    ['table', table],
    ['state', state],
    ['key', key.join(', ')],
    ['excluded', excluded.join(', ')],
    ['tenant', tenant ?? ''],
    ['installed', installedAt],
    ...faults.map(({ kind, subject }) => [kind, subject] as const),
  ])
}

function formatAll(captures: readonly CaptureView[]): string {
  if (captures.length === 0) return 'no table is captured\n'
  return formatTable(captures, [
    { title: 'CAPTURE', value: ({ name }) => name },
    { title: 'TABLE', value: ({ table }) => table },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'KEY', value: ({ key }) => key.join(', ') },
    {
      title: 'FAULTS',
      value: ({ faults }) => faults.map(({ kind, subject }) => `${kind}: ${subject}`).join('; '),
    },
  ])
}

function known<View extends CaptureView>(capture: View | undefined, name: string): View {
  if (capture === undefined) throw new NotFoundError(`capture ${name} does not exist`)
  return capture
}

const verdict = (captures: readonly CaptureView[]): ExitCode =>
  captures.every(({ state }) => state === 'ok') ? exitCode.ok : exitCode.failure

/** `millrace capture install TABLE` */
export async function installCapture(
  table: string,
  flags: CaptureInstallFlags,
  io: CliIo,
): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const { as: name, exclude, tenant } = flags
    const capture = await captures.installCapture({ table, ...defined({ name, exclude, tenant }) })
    await printer.result(capture, () => formatOne(capture))
    return exitCode.ok
  })
}

/** `millrace capture list` */
export async function listCaptures(flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const all = await captures.captures()
    await printer.result({ captures: all }, () => formatAll(all))
    return verdict(all)
  })
}

/** `millrace capture inspect NAME` */
export async function inspectCapture(name: string, flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const capture = known(await captures.capture(name), name)
    await printer.result(capture, () => formatOne(capture))
    return verdict([capture])
  })
}

/** `millrace capture repair NAME` */
export async function repairCapture(name: string, flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const capture = known(await captures.repairCapture(name), name)
    await printer.result(capture, () => formatOne(capture))
    return verdict([capture])
  })
}

/** `millrace capture remove NAME` */
export async function removeCapture(name: string, flags: CaptureRemoveFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const deleteChanges = flags.deleteChanges === true
    if (!(await captures.removeCapture(name, { deleteChanges })))
      throw new NotFoundError(`capture ${name} does not exist`)
    await printer.result({ name, removed: true, changesDeleted: deleteChanges }, () => `${name} removed\n`)
    return exitCode.ok
  })
}

/** `millrace capture prune --older-than DAYS` */
export async function pruneChanges(flags: CapturePruneFlags, io: CliIo): Promise<ExitCode> {
  const days = parseCount('--older-than', flags.olderThan, 0)
  if (days === undefined)
    throw new ConfigurationError('--older-than', 'must say how many days changes are kept')
  const dryRun = flags.dryRun === true
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const pruned = await captures.pruneChanges({ olderThanDays: days, dryRun })
    await printer.result(pruned, () => {
      const { changes, heldBy } = pruned
      const held = heldBy === null ? '' : `; processor ${heldBy} has not handled the next`
      return `${changes} changes ${dryRun ? 'would be ' : ''}removed${held}\n`
    })
    return exitCode.ok
  })
}

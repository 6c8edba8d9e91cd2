import { openCaptures } from '@millrace/app'
import type { AppCaptures } from '@millrace/app'
import { ConfigurationError, defined } from '@millrace/contracts'

import type { GlobalOptions } from '../connect/global-options.ts'
import { findDefinition } from '../connect/open-target.ts'
import { NotFoundError } from '../errors.ts'
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
  readonly captures: AppCaptures
  readonly printer: Printer
}

const dayMs = 86_400_000
type Capture = Awaited<ReturnType<AppCaptures['install']>>

async function withCaptures(
  flags: CaptureFlags,
  io: CliIo,
  work: (context: CaptureContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (flags.url !== undefined)
    throw new ConfigurationError('--url', 'is not for captures: name the database with --database')
  const definition = await findDefinition(flags, io.cwd)
  const { env, cwd } = io
  await using captures = await openCaptures(definition, {
    env,
    cwd,
    ...defined({ dataDir: flags.data, database: flags.database }),
  })
  return await work({ captures, printer: new Printer(io, flags.json === true) })
}

const stateOf = ({ faults }: Capture): 'ok' | 'drifted' => (faults.length === 0 ? 'ok' : 'drifted')

function viewOf(capture: Capture): object {
  const { tenant, installedAt, faults, ...rest } = capture
  return {
    ...rest,
    tenant: tenant ?? null,
    installedAt: installedAt.toISOString(),
    state: stateOf(capture),
    faults,
  }
}

function formatOne(capture: Capture): string {
  const { name, table, key, excluded, tenant, installedAt, faults } = capture
  return formatFields([
    ['capture', name],
    ['table', table],
    ['state', stateOf(capture)],
    ['key', key.join(', ')],
    ['excluded', excluded.join(', ')],
    ['tenant', tenant ?? ''],
    ['installed', installedAt.toISOString()],
    ...faults.map(({ kind, subject }) => [kind, subject] as const),
  ])
}

function formatAll(captures: readonly Capture[]): string {
  if (captures.length === 0) return 'no table is captured\n'
  return formatTable(captures, [
    { title: 'CAPTURE', value: ({ name }) => name },
    { title: 'TABLE', value: ({ table }) => table },
    { title: 'STATE', value: stateOf },
    { title: 'KEY', value: ({ key }) => key.join(', ') },
    {
      title: 'FAULTS',
      value: ({ faults }) => faults.map(({ kind, subject }) => `${kind}: ${subject}`).join('; '),
    },
  ])
}

function known(capture: Capture | undefined, name: string): Capture {
  if (capture === undefined) throw new NotFoundError(`capture ${name} does not exist`)
  return capture
}

const verdict = (captures: readonly Capture[]): ExitCode =>
  captures.every((capture) => stateOf(capture) === 'ok') ? exitCode.ok : exitCode.failure

/** `millrace capture install TABLE` */
export async function installCapture(
  table: string,
  flags: CaptureInstallFlags,
  io: CliIo,
): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const { as: name, exclude, tenant } = flags
    const capture = await captures.install({ table, ...defined({ name, exclude, tenant }) })
    await printer.result(viewOf(capture), () => formatOne(capture))
    return exitCode.ok
  })
}

/** `millrace capture list` */
export async function listCaptures(flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const all = await captures.list()
    await printer.result({ captures: all.map(viewOf) }, () => formatAll(all))
    return verdict(all)
  })
}

/** `millrace capture inspect NAME` */
export async function inspectCapture(name: string, flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const capture = known(await captures.inspect(name), name)
    await printer.result(viewOf(capture), () => formatOne(capture))
    return verdict([capture])
  })
}

/** `millrace capture repair NAME` */
export async function repairCapture(name: string, flags: CaptureFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const { faults = [] } = (await captures.inspect(name)) ?? {}
    const capture = known(await captures.repair(name), name)
    await printer.result({ ...viewOf(capture), repaired: faults }, () => formatOne(capture))
    return verdict([capture])
  })
}

/** `millrace capture remove NAME` */
export async function removeCapture(name: string, flags: CaptureRemoveFlags, io: CliIo): Promise<ExitCode> {
  return await withCaptures(flags, io, async ({ captures, printer }) => {
    const deleteChanges = flags.deleteChanges === true
    if (!(await captures.remove(name, deleteChanges)))
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
    const { changes, heldBy = null } = await captures.prune(days * dayMs, dryRun)
    await printer.result({ changes, heldBy, dryRun }, () => {
      const held = heldBy === null ? '' : `; processor ${heldBy} has not handled the next`
      return `${changes} changes ${dryRun ? 'would be ' : ''}removed${held}\n`
    })
    return exitCode.ok
  })
}

import { InvalidValueError } from '@millrace/contracts'
import { LogCopier, swapLog, verifyLog } from '@millrace/migration'
import type { CopyProgress, SwapReport } from '@millrace/migration'

import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { Progress } from '../output/progress.ts'
import { parseCount } from './command-context.ts'
import { withReplacement } from './migrate-options.ts'
import type { MigrateContext, MigrateFlags } from './migrate-options.ts'
import { copyView, formatCopy, formatVerify, verifyView } from './migrate-report.ts'

/** Options of `migrate run`. */
export interface RunFlags extends MigrateFlags {
  readonly batchSize?: string
  readonly dryRun?: boolean
  readonly restart?: boolean
}

/** Options of `migrate verify`. */
export interface VerifyFlags extends MigrateFlags {
  readonly sampleSize?: string
  readonly seed?: string
}

/** Options of `migrate swap`. */
export interface SwapFlags extends MigrateFlags {
  readonly batchSize?: string
  readonly acceptSetAside?: boolean
  readonly back?: boolean
}

/** As `LogCopier` has it, which is made when the copy is there already. */
const mostInBatch = 100_000

function batchSizeOf({ batchSize }: { readonly batchSize?: string }): { readonly batchSize?: number } {
  const size = parseCount('--batch-size', batchSize)
  if (size === undefined) return {}
  if (size > mostInBatch)
    throw new InvalidValueError('--batch-size', `a whole number from 1 to ${mostInBatch}`)
  return { batchSize: size }
}

/** Tells a copy's progress. */
const showing =
  (progress: Progress) =>
  ({ events, total }: CopyProgress): void =>
    progress.show(events, total)

async function copyAll(context: MigrateContext, flags: RunFlags): Promise<ExitCode> {
  const { io, replacement, reading, printer, signal } = context
  const { from, to, source } = replacement
  const { kind } = await replacement.state()
  if (kind === 'replaced')
    throw new InvalidValueError('--to', `another stream: ${to} has taken the place of ${from}`)
  const copy =
    flags.dryRun === true ? undefined : await replacement.openCopy({ restart: flags.restart === true })
  using progress = new Progress(io.stderr)
  const onProgress = showing(progress)
  const copier = new LogCopier({ ...reading, ...batchSizeOf(flags), source, copy, signal, onProgress })
  const report = await copier.run()
  await printer.result(copyView(from, to, report), () => formatCopy(from, to, report))
  if (!report.complete && copy !== undefined)
    printer.note('stopped; run the same command again to go on from there')
  return report.complete && report.events.setAside === 0 ? exitCode.ok : exitCode.failure
}

/** `millrace migrate run` */
export async function runMigration(flags: RunFlags, io: CliIo): Promise<ExitCode> {
  // Before anything is opened: what is not a number is wrong whatever is there.
  batchSizeOf(flags)
  return await withReplacement(flags, io, async (context) => await copyAll(context, flags))
}

/** `millrace migrate verify` */
export async function verifyMigration(flags: VerifyFlags, io: CliIo): Promise<ExitCode> {
  const sampleSize = parseCount('--sample-size', flags.sampleSize)
  return await withReplacement(flags, io, async (context) => {
    const { replacement, reading, printer, signal } = context
    const { from, to, source } = replacement
    using progress = new Progress(io.stderr)
    const report = await verifyLog({
      ...reading,
      source,
      copy: await replacement.findCopy(),
      replaced: (await replacement.state()).kind === 'replaced',
      signal,
      onProgress: showing(progress),
      ...(sampleSize === undefined ? {} : { sampleSize }),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    })
    await printer.result(verifyView(from, to, report), () => formatVerify(from, to, report))
    return report.passed ? exitCode.ok : exitCode.failure
  })
}

function formatSwap({ from, to, copy, rest, fencedMs }: SwapReport): string {
  if (copy === undefined) return `${to} had taken the place of ${from} already\n`
  return `${to} has taken the place of ${from}: ${copy.events.written} events in ${copy.commits.written} commits, the last ${rest} while nobody could write (${Math.round(fencedMs)} ms)\n`
}

async function goBack({ replacement, printer }: MigrateContext): Promise<ExitCode> {
  const { from, to } = replacement
  await replacement.revert()
  await printer.result(
    { from, to, reverted: true },
    () => `${from} is written to again; ${to} stays beside it\n`,
  )
  return exitCode.ok
}

async function goOn(context: MigrateContext, flags: SwapFlags): Promise<ExitCode> {
  const { io, replacement, reading, printer, signal } = context
  const { from, to } = replacement
  using progress = new Progress(io.stderr)
  const onProgress = showing(progress)
  const acceptSetAside = flags.acceptSetAside === true
  const report = await swapLog({
    ...reading,
    ...batchSizeOf(flags),
    replacement,
    acceptSetAside,
    signal,
    onProgress,
  })
  const { copy, rest, fencedMs } = report
  const view = {
    from,
    to,
    copy: copy === undefined ? null : copyView(from, to, copy),
    rest,
    fencedMs: Math.round(fencedMs),
  }
  await printer.result(view, () => formatSwap(report))
  printer.note('restart what has the log open: it is refused from now on; processors go on where they were')
  return exitCode.ok
}

/** `millrace migrate swap` */
export async function swapMigration(flags: SwapFlags, io: CliIo): Promise<ExitCode> {
  batchSizeOf(flags)
  const { back = false } = flags
  return await withReplacement(
    flags,
    io,
    async (context) => await (back ? goBack(context) : goOn(context, flags)),
    back,
  )
}

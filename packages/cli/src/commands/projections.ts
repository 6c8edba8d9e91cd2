import { setTimeout } from 'node:timers/promises'

import type { Management, ProjectionOrder, ProjectionView } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { Progress } from '../output/progress.ts'
import { formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `projections rebuild`. */
export interface RebuildFlags {
  readonly partitions?: string
  readonly wait?: boolean
}

/** Options of `projections reset`. */
export interface ResetFlags {
  readonly force?: boolean
}

/** Options of `projections drop`. */
export interface DropFlags {
  readonly version?: string
}

const lookMs = 250

function buildText({ build }: ProjectionView): string {
  if (build === null) return ''
  const { done, total } = build.progress
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
  return `v${build.version} ${build.state} ${percent} %`
}

function formatProjections(projections: readonly ProjectionView[]): string {
  return formatTable(projections, [
    { title: 'PROJECTION', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version ?? '', align: 'right' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'BEHIND', value: ({ lag }) => lag.records, align: 'right' },
    { title: 'SECONDS', value: ({ lag }) => lag.seconds.toFixed(1), align: 'right' },
    { title: 'PARKED', value: ({ parkedRecords }) => parkedRecords, align: 'right' },
    { title: 'BUILD', value: buildText },
    { title: 'RETIRED', value: ({ retired }) => retired.length, align: 'right' },
    { title: 'LAST ERROR', value: ({ lastError }) => lastError ?? '' },
  ])
}

/** `millrace projections list` */
export async function listProjections({ management, printer }: CommandContext): Promise<ExitCode> {
  const projections = await management.projections()
  await printer.result({ projections }, () =>
    projections.length === 0 ? 'no projections\n' : formatProjections(projections),
  )
  return exitCode.ok
}

async function find(management: Management, name: string): Promise<ProjectionView> {
  const found = (await management.projections()).find((projection) => projection.name === name)
  if (found === undefined) throw new NotFoundError(`projection ${name} does not exist`)
  return found
}

/** `millrace projections show NAME` */
export async function showProjection(
  { management, printer }: CommandContext,
  name: string,
): Promise<ExitCode> {
  const projection = await find(management, name)
  await printer.result(projection, () => formatProjections([projection]))
  return exitCode.ok
}

async function order(
  { management, printer, io }: CommandContext,
  name: string,
  asked: ProjectionOrder,
): Promise<ExitCode> {
  const answer = await management.orderProjection(name, { ...asked, by: io.user })
  if (answer === undefined) throw new NotFoundError(`projection ${name} does not exist`)
  await printer.result(answer, () => `${name}: ${asked.verb} ${answer.done ? 'done' : 'had nothing to do'}\n`)
  return exitCode.ok
}

/** `millrace projections pause|resume|cancel NAME` */
export async function changeProjection(
  context: CommandContext,
  verb: 'pause' | 'resume' | 'cancel',
  name: string,
): Promise<ExitCode> {
  return await order(context, name, { verb })
}

/** `millrace projections reset NAME --force` */
export async function resetProjection(
  context: CommandContext,
  name: string,
  { force = false }: ResetFlags,
): Promise<ExitCode> {
  if (!force)
    throw new InvalidValueError(
      '--force',
      'given: readers find it empty until it has caught up; a rebuild does without that',
    )
  return await order(context, name, { verb: 'reset', force })
}

/** `millrace projections drop NAME --version N` */
export async function dropProjection(
  context: CommandContext,
  name: string,
  flags: DropFlags,
): Promise<ExitCode> {
  const version = parseCount('--version', flags.version)
  if (version === undefined) throw new InvalidValueError('--version', 'given: the retired version to drop')
  return await order(context, name, { verb: 'drop', version })
}

/** Shows the build under way until it is read, or gone. */
async function follow(context: CommandContext, name: string, processor: string): Promise<boolean> {
  const { management, io } = context
  using progress = new Progress(io.stderr)
  for (;;) {
    const projection = await find(management, name)
    if (projection.processor === processor) return true
    if (projection.build?.processor !== processor) return false
    progress.show(projection.build.progress.done, projection.build.progress.total)
    await setTimeout(lookMs)
  }
}

/** `millrace projections rebuild NAME` */
export async function rebuildProjection(
  context: CommandContext,
  name: string,
  flags: RebuildFlags,
): Promise<ExitCode> {
  const { management, printer, io } = context
  const partitions = parseCount('--partitions', flags.partitions)
  const asked = { verb: 'rebuild', by: io.user, ...(partitions === undefined ? {} : { partitions }) } as const
  const answer = await management.orderProjection(name, asked)
  if (answer?.processor === undefined) throw new NotFoundError(`projection ${name} does not exist`)
  const { processor } = answer
  if (flags.wait !== true) {
    await printer.result(answer, () => `${name} is being rebuilt by ${processor}\n`)
    return exitCode.ok
  }
  const live = await follow(context, name, processor)
  await printer.result({ ...answer, live }, () =>
    live ? `${name} is rebuilt, and read\n` : `the rebuild of ${name} was given up\n`,
  )
  return live ? exitCode.ok : exitCode.failure
}

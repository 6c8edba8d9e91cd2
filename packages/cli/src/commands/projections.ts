import { setTimeout } from 'node:timers/promises'

import type { BuildView, HeldStreamsView, Management, ProjectionOrder, ProjectionView } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { Progress } from '../output/progress.ts'
import { formatFields, formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `projections rebuild`. */
export interface RebuildFlags {
  readonly partitions?: string
  readonly wait?: boolean
}

/** Options of `projections reset` and `remove`. */
export interface ResetFlags {
  readonly force?: boolean
}

/** Options of `projections drop`. */
export interface DropFlags {
  readonly version?: string
}

const lookMs = 250
/** Longer than a lease outlives its holder: by then somebody else has taken over. */
const stoppedMs = 15_000

function percentOf({ done, total }: { readonly done: number; readonly total: number }): number {
  return total === 0 ? 100 : Math.floor((100 * done) / total)
}

function buildText({ build }: ProjectionView): string {
  return build === null ? '' : `v${build.version} ${build.state} ${percentOf(build.progress)} %`
}

function formatProjections(projections: readonly ProjectionView[]): string {
  return formatTable(projections, [
    { title: 'PROJECTION', value: ({ name }) => name },
    { title: 'VERSION', value: ({ version }) => version ?? '', align: 'right' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'BEHIND', value: ({ lag }) => lag.records, align: 'right' },
    { title: 'SECONDS', value: ({ lag }) => lag.seconds.toFixed(1), align: 'right' },
    { title: 'PARKED', value: ({ parkedRecords }) => parkedRecords, align: 'right' },
    { title: 'HELD', value: ({ heldStreams }) => heldStreams.count, align: 'right' },
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

function formatHeld({ count, streams }: HeldStreamsView): string {
  if (count === 0) return ''
  const table = formatTable(streams, [
    { title: 'HELD STREAM', value: ({ stream }) => stream },
    { title: 'EVENTS', value: ({ events }) => events, align: 'right' },
    { title: 'SINCE', value: ({ first }) => first.since },
    { title: 'REASON', value: ({ first }) => first.reason },
    { title: 'DEAD LETTER', value: ({ first }) => first.id, width: 200 },
  ])
  const more = count - streams.length
  return `\n${table}${more > 0 ? `and ${more} more\n` : ''}`
}

function formatBuilds(builds: readonly BuildView[]): string {
  if (builds.length === 0) return ''
  return `\n${formatTable(builds, [
    { title: 'BUILD', value: ({ processor }) => processor },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'PARTITIONS', value: ({ partitions }) => partitions, align: 'right' },
    { title: 'STARTED', value: ({ startedAt }) => startedAt },
    { title: 'BY', value: ({ startedBy }) => startedBy },
  ])}`
}

function progressText(build: NonNullable<ProjectionView['build']>): string {
  const { state, feeder, progress, lastError } = build
  const text = `${state} ${percentOf(progress)} %, ${progress.done} of ${progress.total} commits`
  return `${text}${feeder === 'running' ? '' : `, ${feeder}`}${lastError === null ? '' : `: ${lastError}`}`
}

function formatProjection(projection: ProjectionView): string {
  const { name, form, version, codeVersion, state, partitions, position, lag, lastError, build } = projection
  const behind = `${lag.records} events, ${lag.seconds.toFixed(1)} s`
  const fields = formatFields([
    ['projection', name],
    ['state', `${state}${lastError === null ? '' : `, last error: ${lastError}`}`],
    [
      'version',
      `${version ?? 'none is read yet'}${codeVersion === version ? '' : `, of the code ${codeVersion ?? 'none'}`}`,
    ],
    ['form', `${form}, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`],
    ['position', position ?? 'none'],
    ['behind', behind],
    ['parked', projection.parkedRecords],
    ...(build === null ? [] : ([['build', progressText(build)]] as const)),
  ])
  const builds = [...(build === null ? [] : [build]), ...projection.retired]
  const held = [projection.heldStreams, ...(build === null ? [] : [build.heldStreams])]
  return `${fields}${formatBuilds(builds)}${held.map(formatHeld).join('')}`
}

/** `millrace projections show NAME` */
export async function showProjection(
  { management, printer }: CommandContext,
  name: string,
): Promise<ExitCode> {
  const projection = await find(management, name)
  await printer.result(projection, () => formatProjection(projection))
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

/** @throws {@link InvalidValueError} saying why, unless it was asked for with --force */
function forced({ force = false }: ResetFlags, why: string): true {
  if (!force) throw new InvalidValueError('--force', `given: ${why}`)
  return true
}

/** `millrace projections reset NAME --force` */
export async function resetProjection(
  context: CommandContext,
  name: string,
  flags: ResetFlags,
): Promise<ExitCode> {
  const force = forced(flags, 'readers find it empty until it has caught up; a rebuild does without that')
  return await order(context, name, { verb: 'reset', force })
}

/** `millrace projections remove NAME --force` */
export async function removeProjection(
  context: CommandContext,
  name: string,
  flags: ResetFlags,
): Promise<ExitCode> {
  const force = forced(flags, 'what is read is dropped with its tables and its checkpoint')
  return await order(context, name, { verb: 'remove', force })
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

type Ending = 'read' | 'given up' | 'nobody builds it' | 'interrupted'

const endings: Readonly<Record<Ending, (name: string) => string>> = {
  read: (name) => `${name} is rebuilt, and read`,
  'given up': (name) => `the rebuild of ${name} was given up`,
  'nobody builds it': (name) => `no process rebuilds ${name}: it goes on when the app runs`,
  interrupted: (name) => `the rebuild of ${name} goes on without this command`,
}

/** Told when it changes how the build under way does. */
class FeederNotes {
  readonly #tell: (text: string) => void
  #told = 'running'
  #stoppedAt: number | undefined

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  /** True when nobody has fed it for so long that nobody will. */
  look({ feeder, lastError }: NonNullable<ProjectionView['build']>): boolean {
    const text = `${feeder}${lastError === null ? '' : `: ${lastError}`}`
    if (feeder !== 'running' && feeder !== 'stopped' && text !== this.#told)
      this.#tell(`the build is ${text}`)
    this.#told = text
    this.#stoppedAt = feeder === 'stopped' ? (this.#stoppedAt ?? performance.now()) : undefined
    return this.#stoppedAt !== undefined && performance.now() - this.#stoppedAt > stoppedMs
  }
}

/** Shows the build under way until it is read, or gone. */
async function follow(context: CommandContext, name: string, processor: string): Promise<Ending> {
  const { management, io, target, printer } = context
  const signal = io.interrupted()
  const notes = new FeederNotes((text) => printer.note(text))
  using progress = new Progress(io.stderr, 'commits')
  for (;;) {
    const projection = await find(management, name)
    if (projection.processor === processor) return 'read'
    const { build } = projection
    if (build?.processor !== processor) return 'given up'
    if (target.still || notes.look(build)) return 'nobody builds it'
    progress.show(build.progress.done, build.progress.total)
    if (signal.aborted) return 'interrupted'
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
  const ending = await follow(context, name, processor)
  const live = ending === 'read'
  await printer.result({ ...answer, live }, () => `${endings[ending](name)}\n`)
  return live ? exitCode.ok : exitCode.failure
}

import { formatPosition, InvalidValueError } from '@millrace/contracts'
import type { HeldStream, HeldStreams } from '@millrace/contracts'
import type { BuildProgress, BuildReport, Projections, ProjectionStatus } from '@millrace/projections'

import { checkActor, checkText } from './arguments.ts'
import type { LagView } from './views.ts'

/** A stream that a read model does not go on with, because one of its events was parked. */
export interface HeldStreamView {
  readonly stream: string
  readonly partition: number
  /** How many of its events are parked: the one that holds it, and those that wait behind. */
  readonly events: number
  readonly first: {
    /** Of the parked record: what `retryDeadLetter` and `removeDeadLetter` take. */
    readonly id: string
    readonly eventId: string
    readonly position: string
    readonly reason: string
    readonly since: string
    readonly tries: number
    readonly retryRequested: boolean
  }
}

/** The streams that a read model does not go on with. */
export interface HeldStreamsView {
  /** How many there are; `streams` are the first 20, in the order of the log. */
  readonly count: number
  readonly streams: readonly HeldStreamView[]
}

/** One building of a read model. */
export interface BuildView {
  readonly version: number
  readonly run: number
  readonly state: BuildReport['state']
  readonly processor: string
  readonly partitions: number
  readonly startedAt: string
  readonly startedBy: string
}

/** The build that is to take the place of what is read. */
export interface BuildProgressView extends BuildView {
  /** How what feeds it does. */
  readonly feeder: ProjectionStatus['state']
  /** How far the slowest partition is, and the head, in the log's own numbers. */
  readonly progress: { readonly done: number; readonly total: number }
  readonly lag: LagView
  readonly lastError: string | null
  readonly parkedRecords: number
  readonly heldStreams: HeldStreamsView
}

/** A read model that is folded from the log. */
export interface ProjectionView {
  readonly name: string
  readonly form: ProjectionStatus['form']
  /** The version that is read; null before its first start. */
  readonly version: number | null
  /** Of the code at hand; null where that does not know the projection. */
  readonly codeVersion: number | null
  readonly state: ProjectionStatus['state']
  readonly running: boolean
  readonly partitions: number
  readonly position: string | null
  readonly lag: LagView
  readonly lastError: string | null
  readonly parkedRecords: number
  readonly heldStreams: HeldStreamsView
  readonly processor: string | null
  readonly build: BuildProgressView | null
  /** What was read before, until it is dropped. */
  readonly retired: readonly BuildView[]
}

/** What an operator may do to a projection. */
export type ProjectionOrder =
  | { readonly verb: 'pause' | 'resume' | 'cancel' }
  | { readonly verb: 'rebuild'; readonly partitions?: number }
  | { readonly verb: 'reset' | 'remove'; readonly force: boolean }
  | { readonly verb: 'drop'; readonly version: number }

/** What came of a {@link ProjectionOrder}. */
export interface ProjectionOrderView {
  readonly name: string
  readonly verb: ProjectionOrder['verb']
  /** False where there was nothing to cancel, drop or remove. */
  readonly done: boolean
  /** The processor of the build that was begun. */
  readonly processor?: string
}

/** What of the projections management needs. */
export type OperatedProjections = Pick<
  Projections,
  'builds' | 'cancel' | 'documents' | 'drop' | 'pause' | 'rebuild' | 'remove' | 'reset' | 'resume' | 'status'
>

const lagView = ({ events, seconds }: ProjectionStatus['lag']): LagView => ({ records: events, seconds })

function heldView({ stream, partition, records, first }: HeldStream): HeldStreamView {
  const { id, recordId, position, reason, setAsideAt, tries, retryRequested } = first
  const place = { position: formatPosition(position), since: setAsideAt.toISOString() }
  return {
    stream,
    partition,
    events: records,
    first: { id, eventId: recordId, ...place, reason, tries, retryRequested },
  }
}

const heldViews = ({ count, streams }: HeldStreams): HeldStreamsView => ({
  count,
  streams: streams.map(heldView),
})

function buildView({ startedAt, ...report }: BuildReport): BuildView {
  const { version, run, state, processor, partitions, startedBy } = report
  return { version, run, state, processor, partitions, startedAt: startedAt.toISOString(), startedBy }
}

function progressView(build: BuildProgress | undefined): BuildProgressView | null {
  if (build === undefined) return null
  const { feeder, progress, lag, lastError = null, parkedRecords } = build
  const heldStreams = heldViews(build.heldStreams)
  return { ...buildView(build), feeder, progress, lag: lagView(lag), lastError, parkedRecords, heldStreams }
}

function projectionView(status: ProjectionStatus): ProjectionView {
  const { name, form, version, codeVersion, state, running, partitions, position } = status
  return {
    name,
    form,
    version: version ?? null,
    codeVersion: codeVersion ?? null,
    state,
    running,
    partitions,
    position: position === undefined ? null : formatPosition(position),
    lag: lagView(status.lag),
    lastError: status.lastError ?? null,
    parkedRecords: status.parkedRecords,
    heldStreams: heldViews(status.heldStreams),
    processor: status.processor ?? null,
    build: progressView(status.build),
    retired: status.retired.map(buildView),
  }
}

/** Every projection, by name. */
export async function listProjections(
  projections: Pick<OperatedProjections, 'status'>,
): Promise<readonly ProjectionView[]> {
  return (await projections.status()).map(projectionView)
}

function checkCount(field: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new InvalidValueError(field, `a whole number from ${min} to ${max}`)
}

function checkStarted(version: number | undefined): void {
  if (version === undefined)
    throw new InvalidValueError('name', 'a projection that was started before: nothing of it is read yet')
}

async function carryOut(
  projections: OperatedProjections,
  { name, version, codeVersion, running }: ProjectionStatus,
  order: ProjectionOrder & { readonly by: string },
): Promise<Omit<ProjectionOrderView, 'name' | 'verb'>> {
  const { by } = order
  switch (order.verb) {
    case 'pause':
      return { done: await projections.pause(name, by) }
    case 'resume':
      return { done: await projections.resume(name, by) }
    case 'cancel':
      return { done: await projections.cancel(name, by) }
    case 'rebuild': {
      const { partitions } = order
      if (partitions !== undefined) checkCount('partitions', partitions, [1, 64])
      if (codeVersion === undefined)
        throw new InvalidValueError(
          'name',
          'a projection that the code at hand defines: nothing else builds it',
        )
      checkStarted(version)
      const asked = partitions === undefined ? { by } : { by, partitions }
      return { done: true, processor: (await projections.rebuild(name, asked)).processor }
    }
    case 'reset':
      if (!order.force)
        throw new InvalidValueError('force', 'true: readers find it empty until it has caught up')
      checkStarted(version)
      await projections.reset(name, { force: true, by })
      return { done: true }
    case 'remove':
      if (!order.force) throw new InvalidValueError('force', 'true: what is read is dropped with its tables')
      if (codeVersion !== undefined || running)
        throw new InvalidValueError('name', 'a projection that no code defines any more and nothing feeds')
      return { done: (await projections.remove(name, by)) > 0 }
    default:
      checkCount('version', order.version, [1, 9999])
      return { done: (await projections.drop(name, order.version, by)) > 0 }
  }
}

/** Does what an operator asks; undefined where there is no such projection. */
export async function orderProjection(
  projections: OperatedProjections,
  name: string,
  order: ProjectionOrder & { readonly by: string },
): Promise<ProjectionOrderView | undefined> {
  checkText('name', name)
  const by = checkActor(order.by)
  const [status] = await projections.status(name)
  if (status === undefined) return undefined
  return { name, verb: order.verb, ...(await carryOut(projections, status, { ...order, by })) }
}

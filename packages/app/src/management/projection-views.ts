import { formatPosition, InvalidValueError } from '@millrace/contracts'
import type { BuildProgress, BuildReport, Projections, ProjectionStatus } from '@millrace/projections'

import { checkActor, checkText } from './arguments.ts'
import type { LagView } from './views.ts'

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
  /** How far the slowest partition is, and the head, in the log's own numbers. */
  readonly progress: { readonly done: number; readonly total: number }
  readonly lag: LagView
  readonly lastError: string | null
  readonly parkedRecords: number
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
  readonly processor: string | null
  readonly build: BuildProgressView | null
  /** What was read before, until it is dropped. */
  readonly retired: readonly BuildView[]
}

/** What an operator may do to a projection. */
export type ProjectionOrder =
  | { readonly verb: 'pause' | 'resume' | 'cancel' }
  | { readonly verb: 'rebuild'; readonly partitions?: number }
  | { readonly verb: 'reset'; readonly force: boolean }
  | { readonly verb: 'drop'; readonly version: number }

/** What came of a {@link ProjectionOrder}. */
export interface ProjectionOrderView {
  readonly name: string
  readonly verb: ProjectionOrder['verb']
  /** False where there was nothing to cancel or drop. */
  readonly done: boolean
  /** The processor of the build that was begun. */
  readonly processor?: string
}

/** What of the projections management needs. */
export type OperatedProjections = Pick<
  Projections,
  'builds' | 'cancel' | 'drop' | 'pause' | 'rebuild' | 'reset' | 'resume' | 'status'
>

const lagView = ({ events, seconds }: ProjectionStatus['lag']): LagView => ({ records: events, seconds })

function buildView({ startedAt, ...report }: BuildReport): BuildView {
  const { version, run, state, processor, partitions, startedBy } = report
  return { version, run, state, processor, partitions, startedAt: startedAt.toISOString(), startedBy }
}

function progressView(build: BuildProgress | undefined): BuildProgressView | null {
  if (build === undefined) return null
  const { progress, lag, lastError = null, parkedRecords } = build
  return { ...buildView(build), progress, lag: lagView(lag), lastError, parkedRecords }
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

async function carryOut(
  projections: OperatedProjections,
  name: string,
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
      const asked = partitions === undefined ? { by } : { by, partitions }
      return { done: true, processor: (await projections.rebuild(name, asked)).processor }
    }
    case 'reset':
      if (!order.force)
        throw new InvalidValueError('force', 'true: readers find it empty until it has caught up')
      await projections.reset(name, { force: true, by })
      return { done: true }
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
  if ((await projections.status(name)).length === 0) return undefined
  return { name, verb: order.verb, ...(await carryOut(projections, name, { ...order, by })) }
}

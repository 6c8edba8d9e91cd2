import { comparePositions } from '@millrace/contracts'
import type {
  BuildState,
  DeadLetterQueue,
  EventLog,
  HeldStreams,
  ModelForm,
  PartitionStatus,
  Position,
  ProjectionBuild,
  StoredEvent,
} from '@millrace/contracts'
import type { PartitionReport } from '@millrace/processing'

import type { Projection } from '../definition/projection.ts'
import { liveBuild, nextBuild } from './plan.ts'
import { switchActor } from './resting.ts'

/** How far a read model is behind. */
export interface ProjectionLag {
  readonly events: number
  /** Age of the first event not seen yet. */
  readonly seconds: number
}

/** One build, as it stands. */
export interface BuildReport {
  readonly version: number
  readonly run: number
  readonly state: BuildState
  readonly processor: string
  readonly partitions: number
  readonly startedAt: Date
  readonly startedBy: string
}

/** The build under way. */
export interface BuildProgress extends BuildReport {
  /** How what feeds it does; see {@link ProjectionStatus.state}. */
  readonly feeder: ProjectionStatus['state']
  /** Of the log, in its own numbers: how far the slowest partition is, and the head. */
  readonly progress: { readonly done: number; readonly total: number }
  readonly lag: ProjectionLag
  /** Redacted. */
  readonly lastError: string | undefined
  readonly parkedRecords: number
  /** What it does not go on with; `streams` are the first 20. */
  readonly heldStreams: HeldStreams
}

/** A projection, as it stands. */
export interface ProjectionStatus {
  readonly name: string
  readonly form: ModelForm
  /** The version that is read; undefined before its first start. */
  readonly version: number | undefined
  /** The version of the code at hand; undefined where this process does not know the projection. */
  readonly codeVersion: number | undefined
  /**
   * `running`: fed by some process, or at rest for the moment in which a build takes its place; `paused`: by an operator; `failing`: it cannot go on at the moment; `stopped`: nobody
   * feeds all of it.
   */
  readonly state: 'running' | 'paused' | 'failing' | 'stopped'
  readonly running: boolean
  readonly partitions: number
  /** All of it is seen up to here. */
  readonly position: Position | undefined
  readonly lag: ProjectionLag
  /** Redacted. */
  readonly lastError: string | undefined
  readonly parkedRecords: number
  /** What it does not go on with; `streams` are the first 20. */
  readonly heldStreams: HeldStreams
  /** Of the build that is read. */
  readonly processor: string | undefined
  /** The build that is to take its place. */
  readonly build: BuildProgress | undefined
  /** What was read before, until it is dropped. */
  readonly retired: readonly BuildReport[]
}

/** What a status is made from. */
export interface StatusSources {
  readonly log: EventLog<StoredEvent>
  readonly builds: readonly ProjectionBuild[]
  readonly stored: readonly PartitionStatus[]
  readonly deadLetters: Pick<DeadLetterQueue, 'held'>
  /** Of each processor that is paused, who paused it. */
  readonly pausers: ReadonlyMap<string, string | undefined>
  /** Of this process. */
  readonly reports: readonly PartitionReport[]
}

interface BuildFacts {
  readonly position: Position | undefined
  readonly lag: ProjectionLag
  readonly lastError: string | undefined
  readonly parkedRecords: number
  readonly heldStreams: HeldStreams
  readonly state: ProjectionStatus['state']
}

const shownStreams = 20
const noneHeld: HeldStreams = { count: 0, streams: [] }

function lowest(positions: readonly Position[]): Position | undefined {
  const [first, ...rest] = positions
  return first && rest.reduce((a, b) => (comparePositions(a, b) <= 0 ? a : b), first)
}

async function lagAt(log: EventLog<StoredEvent>, position: Position | undefined): Promise<ProjectionLag> {
  const { records, oldest } = await log.lag(position ?? (await log.beginning()))
  return {
    events: records,
    seconds: oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest.getTime()) / 1000),
  }
}

function stateOf(
  build: ProjectionBuild,
  stored: readonly PartitionStatus[],
  { reports, pausers }: Pick<StatusSources, 'reports' | 'pausers'>,
): ProjectionStatus['state'] {
  const isResting = pausers.get(build.processor) === switchActor
  if (pausers.has(build.processor)) return isResting ? 'running' : 'paused'
  if (reports.some(({ state }) => state === 'failing')) return 'failing'
  const owned = stored.filter(({ owner }) => owner !== undefined).length
  return owned >= build.partitions ? 'running' : 'stopped'
}

async function factsOf(build: ProjectionBuild, sources: StatusSources): Promise<BuildFacts> {
  const stored = sources.stored.filter(({ processor }) => processor === build.processor)
  const reports = sources.reports.filter(({ processor }) => processor === build.processor)
  // A partition of this process may be ahead of what is stored of it.
  const ahead = new Map(reports.map(({ partition, checkpoint }) => [partition, checkpoint]))
  const position = lowest(stored.map(({ partition, checkpoint }) => ahead.get(partition) ?? checkpoint))
  const parkedRecords = stored.reduce((sum, status) => sum + status.parkedRecords, 0)
  return {
    position,
    lag: await lagAt(sources.log, position),
    lastError: [...reports, ...stored].find(({ lastError }) => lastError !== undefined)?.lastError,
    parkedRecords,
    heldStreams:
      parkedRecords === 0 ? noneHeld : await sources.deadLetters.held(build.processor, shownStreams),
    state: stateOf(build, stored, { reports, pausers: sources.pausers }),
  }
}

function reportOf(build: ProjectionBuild): BuildReport {
  const { version, run, state, processor, partitions, startedAt, startedBy } = build
  return { version, run, state, processor, partitions, startedAt, startedBy }
}

async function progressOf(
  build: ProjectionBuild | undefined,
  sources: StatusSources,
): Promise<BuildProgress | undefined> {
  if (build === undefined) return undefined
  const { position, state: feeder, ...facts } = await factsOf(build, sources)
  const head = await sources.log.head()
  const total = Math.max(head.commit, position?.commit ?? 0)
  const progress = { done: position?.commit ?? 0, total }
  return { ...reportOf(build), ...facts, feeder, progress }
}

const nothing: BuildFacts = {
  position: undefined,
  lag: { events: 0, seconds: 0 },
  lastError: undefined,
  parkedRecords: 0,
  heldStreams: noneHeld,
  state: 'stopped',
}

/** How a projection stands. */
export async function statusOf(
  name: string,
  definition: Projection | undefined,
  sources: StatusSources,
): Promise<ProjectionStatus> {
  const builds = sources.builds.filter(({ projection }) => projection === name)
  const live = liveBuild(builds, name)
  const facts = live === undefined ? nothing : await factsOf(live, sources)
  return {
    name,
    form: live?.form ?? definition?.form ?? 'tables',
    version: live?.version,
    codeVersion: definition?.version,
    ...facts,
    running: facts.state === 'running',
    partitions: live?.partitions ?? definition?.partitions ?? 1,
    processor: live?.processor,
    build: await progressOf(nextBuild(builds, name), sources),
    retired: builds.filter(({ state }) => state === 'retired').map(reportOf),
  }
}

import {
  buildProcessor,
  ConfigurationError,
  NotSupportedError,
  ProjectionRebuildInProgressError,
} from '@millrace/contracts'
import type {
  BuildPlan,
  BuildRef,
  BuildState,
  DocumentModel,
  LiveDocuments,
  ProjectionBuild,
  ProjectionStore,
  StateWrite,
} from '@millrace/contracts'

import { MemoryDocumentModel } from './memory-document-model.ts'

interface Build {
  row: ProjectionBuild
  readonly documents: MemoryDocumentModel
  switchingSince: number | undefined
}

const noTables = 'read models in memory hold documents; tables need a database'

/** Read models of documents in this process. */
class MemoryProjectionStore implements ProjectionStore {
  readonly kind = 'memory'
  readonly #builds: Build[] = []
  /** Also of builds that were dropped: the checkpoints of what fed them are kept elsewhere, and are found by the run. */
  readonly #runs = new Map<string, number>()

  async builds(): Promise<readonly ProjectionBuild[]> {
    return this.#builds.map(({ row, switchingSince }) => ({
      ...row,
      switchingForMs: switchingSince === undefined ? undefined : performance.now() - switchingSince,
    }))
  }

  async ensure(plan: BuildPlan): Promise<void> {
    const next = this.#next(plan.projection)
    const live = this.#live(plan.projection)
    const newest = Math.max(live?.row.version ?? 0, next?.row.version ?? 0)
    if (newest >= plan.version) return
    if (next !== undefined) setState(next, 'retired')
    this.#begin(plan)
  }

  async rebuild(plan: BuildPlan): Promise<ProjectionBuild> {
    const next = this.#next(plan.projection)
    if (next !== undefined)
      throw new ProjectionRebuildInProgressError({ projection: plan.projection, version: next.row.version })
    return this.#begin(plan).row
  }

  async beginSwitch(ref: BuildRef): Promise<boolean> {
    const build = this.#find(ref)
    if (build?.row.state === 'building') setState(build, 'switching')
    return build?.row.state === 'switching'
  }

  async abortSwitch(ref: BuildRef): Promise<void> {
    const build = this.#find(ref)
    if (build?.row.state === 'switching') setState(build, 'building')
  }

  async finishSwitch(ref: BuildRef): Promise<boolean> {
    const build = this.#find(ref)
    if (build?.row.state !== 'switching') return false
    const live = this.#live(ref.projection)
    if (live !== undefined) setState(live, 'retired')
    setState(build, 'live')
    return true
  }

  async cancel(projection: string): Promise<boolean> {
    const next = this.#next(projection)
    if (next !== undefined) setState(next, 'retired')
    return next !== undefined
  }

  async reset(projection: string): Promise<void> {
    throw new NotSupportedError(
      `reset of projection ${projection}: its checkpoints are not kept with it in memory; rebuild it`,
    )
  }

  async drop(projection: string, version: number): Promise<number> {
    const dropped = this.#builds.filter(
      ({ row }) => row.projection === projection && row.version === version && row.state === 'retired',
    )
    for (const each of dropped) this.#builds.splice(this.#builds.indexOf(each), 1)
    return dropped.length
  }

  async remove(projection: string): Promise<number> {
    const all = this.#of(projection)
    for (const each of all) this.#builds.splice(this.#builds.indexOf(each), 1)
    return all.length
  }

  documents(ref: BuildRef): DocumentModel {
    const build = this.#find(ref)
    if (build === undefined) throw new ConfigurationError(`projection ${ref.projection}`, 'has no such build')
    return build.documents
  }

  liveDocuments(projection: string): LiveDocuments {
    const live = (): MemoryDocumentModel | undefined => this.#live(projection)?.documents
    return {
      load: async (keys) => live()?.read(keys) ?? new Map(),
      list: async (options) => live()?.list(options) ?? [],
    }
  }

  fill(): string {
    throw new NotSupportedError(noTables)
  }

  async query(): Promise<never> {
    throw new NotSupportedError(noTables)
  }

  async feedInline(): Promise<void> {
    throw new NotSupportedError('inline projections need a database that holds the events too')
  }

  async inlineCommits(): Promise<readonly number[]> {
    return []
  }

  async holdInline(): Promise<void> {
    // Nothing is fed by appends here.
  }

  endInline(): readonly StateWrite[] {
    return []
  }

  #begin({ projection, version, form, partitions, tables, by }: BuildPlan): Build {
    if (form === 'tables') throw new NotSupportedError(noTables)
    const counted = `${projection}:${version}`
    const run = (this.#runs.get(counted) ?? 0) + 1
    this.#runs.set(counted, run)
    const state = this.#live(projection) === undefined ? 'live' : 'building'
    const now = new Date()
    const row: ProjectionBuild = {
      projection,
      version,
      run,
      processor: buildProcessor({ projection, version, run }),
      form,
      partitions,
      tables,
      state,
      startedBy: by,
      startedAt: now,
      switchingForMs: undefined,
      liveAt: state === 'live' ? now : undefined,
    }
    const build: Build = { row, documents: new MemoryDocumentModel(), switchingSince: undefined }
    this.#builds.push(build)
    return build
  }

  #of(projection: string): readonly Build[] {
    return this.#builds.filter(({ row }) => row.projection === projection)
  }

  #live(projection: string): Build | undefined {
    return this.#of(projection).find(({ row }) => row.state === 'live')
  }

  #next(projection: string): Build | undefined {
    return this.#of(projection).find(({ row }) => row.state === 'building' || row.state === 'switching')
  }

  #find({ projection, version, run }: BuildRef): Build | undefined {
    return this.#of(projection).find(({ row }) => row.version === version && row.run === run)
  }
}

function setState(build: Build, state: BuildState): void {
  const liveAt = state === 'live' ? new Date() : build.row.liveAt
  build.row = { ...build.row, state, liveAt }
  build.switchingSince = state === 'switching' ? performance.now() : undefined
  // What nobody reads any more is only memory.
  if (state === 'retired') build.documents.clear()
}

/** Opens an empty store of read models in this process. They are gone with it, and so must their checkpoints be. */
export function openMemoryProjectionStore(): ProjectionStore {
  return new MemoryProjectionStore()
}

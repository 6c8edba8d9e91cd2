import { bucketCount, ConfigurationError } from '@millrace/contracts'
import type { EventLog, ProcessorStore, ProjectionStore, StoredEvent } from '@millrace/contracts'
import type { ProcessorRuntime } from '@millrace/processing'

import type { Projection } from '../definition/projection.ts'

/** Settings of {@link openProjections}. */
export interface ProjectionsOptions {
  readonly projections: readonly Projection[]
  /** Where the read models are kept; in SQL beside `processors`. */
  readonly models: ProjectionStore
  readonly processors: ProcessorStore
  readonly log: EventLog<StoredEvent>
  /**
   * What runs them, started or about to be; stays the caller's to close, before the stores. Without one nothing is built
   * here: what is asked for is done by a process that has one. @defaultValue none
   */
  readonly runtime?: ProcessorRuntime
  /** Milliseconds between two looks at what other processes asked for; 10 to 60_000. @defaultValue 500 */
  readonly pollMs?: number
  /** Milliseconds what is read may rest while a new build takes its place, before that is put off; 1_000 to 600_000. @defaultValue 30_000 */
  readonly switchMs?: number
  /**
   * Partitions that share the work of a rebuild, 1 to 64, of a projection that is defined with several.
   * @defaultValue as many as it is defined with
   */
  readonly batchWorkers?: number
  /**
   * Whether builds that others have replaced stay until they are dropped. Nobody feeds them: what has to go for a data subject's
   * sake does not go from them. @defaultValue true
   */
  readonly keepRetired?: boolean
  /** Told what went wrong in the background and is tried again. @defaultValue a process warning with the code `MILLRACE_PROJECTIONS` */
  readonly onProblem?: (error: unknown) => void
}

/** Complete, valid options. */
export interface CompleteOptions extends ProjectionsOptions {
  readonly pollMs: number
  readonly switchMs: number
  readonly keepRetired: boolean
  readonly onProblem: (error: unknown) => void
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: 'MILLRACE_PROJECTIONS' })
}

function checkRange(setting: string, value: number, [min, max]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigurationError(setting, `must be a whole number from ${min} to ${max}`)
}

function checkProjections(projections: readonly Projection[], { kind }: ProjectionStore): void {
  const names = projections.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ConfigurationError('projections', `${twice} is listed twice`)
  // All live under one schema: a name is one read model's.
  const read = projections.flatMap(({ tables }) => tables)
  const shared = read.find((table, index) => read.indexOf(table) !== index)
  if (shared !== undefined)
    throw new ConfigurationError('projections', `two projections are read under the name ${shared}`)
  const tabular = projections.find(({ form }) => form === 'tables')
  if (tabular !== undefined && kind === 'memory')
    throw new ConfigurationError(
      `projection ${tabular.name}`,
      'keeps SQL tables, for which there is no database',
    )
}

/** Fills in the defaults. @throws {@link ConfigurationError} naming the field */
export function completeOptions(options: ProjectionsOptions): CompleteOptions {
  const { pollMs = 500, switchMs = 30_000, keepRetired = true, onProblem = warn } = options
  checkRange('pollMs', pollMs, [10, 60_000])
  checkRange('switchMs', switchMs, [1_000, 600_000])
  if (options.batchWorkers !== undefined) checkRange('batchWorkers', options.batchWorkers, [1, bucketCount])
  checkProjections(options.projections, options.models)
  return { ...options, pollMs, switchMs, keepRetired, onProblem }
}

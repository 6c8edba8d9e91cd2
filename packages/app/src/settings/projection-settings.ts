import { availableParallelism } from 'node:os'

import { bucketCount } from '@millrace/contracts'

import { chooseSetting, readNumber } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** The settings of projections; those of their locks are beside the locks. */
export interface ProjectionSettings {
  /** `projection.batch_workers`: partitions of a rebuild of a projection that is defined with several. */
  readonly projectionBatchWorkers: Setting<number>
}

/** The settings of projections a definition may fix in code. */
export interface ProjectionSettingsInCode {
  /**
   * Partitions that share the work of a rebuild, 1 to 64, where the projection is defined with several and the rebuild says
   * nothing else; they stay when the build is read. @defaultValue as many as the machine has processors
   */
  readonly projectionBatchWorkers?: number
}

/** The range of `projection.batch_workers`. */
export const batchWorkersRange: readonly [number, number] = [1, bucketCount]

/**
 * Brings environment, code and default of the settings of projections together.
 * @throws {@link ConfigurationError} naming the variable
 */
export function resolveProjectionSettings(
  code: ProjectionSettingsInCode,
  env: Environment,
): ProjectionSettings {
  const variable = 'MILLRACE_PROJECTION_BATCH_WORKERS'
  return {
    projectionBatchWorkers: chooseSetting({
      variable,
      option: undefined,
      environment: readNumber(env, variable, batchWorkersRange),
      code: code.projectionBatchWorkers,
      fallback: Math.min(availableParallelism(), bucketCount),
    }),
  }
}

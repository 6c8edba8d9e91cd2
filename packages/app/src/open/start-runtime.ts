import { ConfigurationError } from '@millrace/contracts'
import type { EventDecoder, LockDriver, Metrics, ProcessorStore } from '@millrace/contracts'
import { forgetProcessors } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'

import { installCaptures } from '../captures/install-captures.ts'
import type { AppDefinition } from '../definition/app-definition.ts'
import type { ProcessorContext } from '../definition/processor-context.ts'
import type { Confidential } from './confidential.ts'
import { confidential } from './confidential.ts'

/** What {@link startRuntime} works with. */
export interface RuntimeRequest extends Confidential {
  readonly definition: AppDefinition
  /** What the definition's processors are built from. */
  readonly context: ProcessorContext
  readonly database: SqlDatabase
  readonly processors: ProcessorStore
  readonly locks: LockDriver
  /** Where its work is counted. */
  readonly metrics: Metrics
  readonly decode: EventDecoder
  readonly skipOnError: boolean
  /** Beside those of the definition. */
  readonly further: readonly Processor[]
}

/** @throws {@link ConfigurationError} for a name that a processor of the app has */
async function forgetFormer(
  { formerProcessors }: AppDefinition,
  database: SqlDatabase,
  present: readonly Processor[],
): Promise<void> {
  const both = formerProcessors.find((former) => present.some(({ name }) => name === former))
  if (both !== undefined)
    throw new ConfigurationError('formerProcessors', `the app has a processor called ${both}`)
  if (formerProcessors.length > 0)
    await forgetProcessors(database, { processors: formerProcessors, by: 'start' })
}

async function createReadModels(definition: AppDefinition, database: SqlDatabase): Promise<void> {
  for (const { name, script } of definition.readModels) {
    try {
      await database.script(script)
    } catch (cause) {
      throw new ConfigurationError(`readModels: ${name}`, 'its script failed', { cause })
    }
  }
}

/** What runs the definition's processors, started. */
export async function startRuntime(request: RuntimeRequest): Promise<ProcessorRuntime> {
  const { definition, context, settings, database, processors, locks } = request
  const present = [...definition.processors(context), ...request.further]
  const runtime = createProcessorRuntime({
    log: context.store.log,
    store: processors,
    locks,
    leaseTtlMs: settings.projectionLockTtlSeconds.value * 1000,
    decode: request.decode,
    skipUpcastErrors: request.skipOnError,
    processors: present,
    metrics: request.metrics,
    secrets: confidential(request),
  })
  try {
    // First: what still feeds tables of an earlier release must not find others under their names.
    await forgetFormer(definition, database, present)
    await createReadModels(definition, database)
    await installCaptures(definition.captures, database)
    await runtime.start()
    return runtime
  } catch (error) {
    await runtime[Symbol.asyncDispose]()
    throw error
  }
}

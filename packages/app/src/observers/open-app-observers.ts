import { openObservers } from '@millrace/observers'
import type { ObserverFile, SecretResolver } from '@millrace/observers'
import { openObserverRules } from '@millrace/postgres'
import type { ObserverRuleRow } from '@millrace/postgres'

import { builtInKinds } from './kinds/built-in-kinds.ts'
import type { WritableIndexes } from './kinds/search.ts'
import type { AppObserverOptions, AppObserversDefinition, ObserverContext } from './observer-options.ts'
import { readRuleFiles } from './rule-files.ts'
import { gatherRules } from './rule-set.ts'
import type { RuleSet } from './rule-set.ts'
import { RunningRules } from './running-rules.ts'

/** What {@link openAppObservers} works with. */
export interface ObserversRequest {
  readonly definition: AppObserversDefinition
  readonly context: ObserverContext
  readonly searchIndexes: WritableIndexes
  readonly secretOf: SecretResolver
  readonly mode: 'run' | 'inspect'
}

/** Without what lies in rows: nobody is to be kept from starting by them. */
function firstRules(
  options: AppObserverOptions,
  files: readonly ObserverFile[],
  rows: readonly ObserverRuleRow[],
): RuleSet['runnable'] {
  return gatherRules({ code: options.rules ?? [], files, rows, stored: false, check: () => [] }).runnable
}

/**
 * Opens the observers of an app: its rules of code and files, as they are switched. Nothing runs yet.
 * @throws `RuleError` with everything that is wrong with them; {@link ConfigurationError}
 */
export async function openAppObservers(request: ObserversRequest): Promise<RunningRules> {
  const { definition, context, searchIndexes, mode, secretOf } = request
  const options = typeof definition === 'function' ? await definition(context) : definition
  const files = await readRuleFiles(options.files ?? [])
  const migrate = mode === 'run' ? 'run' : 'refuse'
  const rows = await openObserverRules({ database: context.database, migrate })
  const built = builtInKinds({ ...context, searchIndexes, aggregates: options.aggregates ?? {} })
  const { kinds: own = [] } = options
  const kinds = [...built.kinds.filter(({ kind }) => !own.some((each) => each.kind === kind)), ...own]
  const observers = openObservers({
    ...options,
    secrets: options.secrets ?? secretOf,
    cache: context.cache,
    metrics: context.metrics,
    kinds,
    ...firstRules(options, files, (await rows.read()).rows),
  })
  const { database } = context
  return new RunningRules({ options, mode, database, rows, observers, closing: built }, files)
}

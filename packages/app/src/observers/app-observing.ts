import { createEventDecoder } from '@millrace/contracts'
import type { EventLog, LockDriver, Metrics, ProcessorStore, StoredEvent } from '@millrace/contracts'
import type { SecretResolver } from '@millrace/observers'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'

import type { AppDefinition } from '../definition/app-definition.ts'
import type { ProcessorContext } from '../definition/processor-context.ts'
import { confidential } from '../open/confidential.ts'
import type { Confidential } from '../open/confidential.ts'
import type { OpenSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import type { Environment } from '../settings/setting.ts'
import type { AppObservers } from './app-observers.ts'
import { brokenObservers } from './broken-observers.ts'
import { openAppObservers } from './open-app-observers.ts'
import type { RunningRules } from './running-rules.ts'

/** What {@link openObserving} works with. */
export interface ObservingRequest extends Confidential {
  readonly definition: AppDefinition
  readonly context: ProcessorContext
  readonly processors: ProcessorStore
  readonly locks: LockDriver
  readonly metrics: Metrics
  readonly changes: EventLog<StoredEvent>
  readonly searchIndexes: OpenSearchIndexes
  readonly mode: 'run' | 'inspect'
  readonly env: Environment
}

/** Secrets of rules: the app's own by their names and variables, then what the environment holds. */
function secretOf({ definition, secrets, env }: ObservingRequest): SecretResolver {
  return (name) => {
    const [own = name] =
      Object.entries(definition.secrets).find(([, { variable }]) => variable === name) ?? []
    return secrets[own]?.value ?? env[name]
  }
}

/** An app's observers and what reads the change log, from their opening to their end. */
export class AppObserving implements AsyncDisposable {
  /** Undefined where the definition has none. */
  readonly observers: AppObservers | undefined
  readonly #request: ObservingRequest
  readonly #own: RunningRules | undefined
  #changeRuntime: ProcessorRuntime | undefined

  constructor(request: ObservingRequest, own: RunningRules | undefined, broken?: AppObservers) {
    this.#request = request
    this.#own = own
    this.observers = own ?? broken
  }

  /** What runs the processors of the change log; undefined where there are none, or nothing runs. */
  get changeRuntime(): ProcessorRuntime | undefined {
    return this.#changeRuntime
  }

  /** For the runtime of the events. */
  get eventProcessors(): readonly Processor[] {
    return this.#own?.processorsOn('events') ?? []
  }

  /** Begins to read the change log, and to follow the rules, once the events are read. */
  async start(runtime: ProcessorRuntime): Promise<void> {
    const { changes, searchIndexes, context } = this.#request
    const own = this.#own
    const processors = [
      ...searchIndexes.processorsOn('changes', context),
      ...(own?.processorsOn('changes') ?? []),
    ]
    own?.attach('events', runtime)
    if (own !== undefined || processors.length > 0) {
      const changeRuntime = this.#createRuntime(processors)
      this.#changeRuntime = changeRuntime
      await changeRuntime.start()
      searchIndexes.attach('changes', { runtime: changeRuntime, log: changes })
      own?.attach('changes', changeRuntime)
    }
    await own?.start()
  }

  /** Follows no rules any more, and reads no changes. */
  async stop(): Promise<void> {
    await this.#own?.stop()
    await this.#changeRuntime?.[Symbol.asyncDispose]()
  }

  /** To be called after the runtime of the events was closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#own?.[Symbol.asyncDispose]()
  }

  #createRuntime(processors: readonly Processor[]): ProcessorRuntime {
    const { changes, locks, metrics, settings } = this.#request
    return createProcessorRuntime({
      log: changes,
      store: this.#request.processors,
      locks,
      metrics,
      leaseTtlMs: settings.projectionLockTtlSeconds.value * 1000,
      // Changes of rows are JSON of this release's, neither encrypted nor lifted.
      decode: createEventDecoder(),
      processors,
      secrets: confidential(this.#request),
    })
  }
}

/**
 * Opens the observers of an app. Where it is only looked at, rules that cannot be loaded are told to whoever asks for them.
 * @throws `RuleError` with everything that is wrong with the rules; {@link ConfigurationError}
 */
export async function openObserving(request: ObservingRequest): Promise<AppObserving> {
  const { definition, context, changes, searchIndexes, mode } = request
  if (definition.observers === undefined) return new AppObserving(request, undefined)
  try {
    const own = await openAppObservers({
      definition: definition.observers,
      context: { ...context, changes },
      searchIndexes,
      secretOf: secretOf(request),
      mode,
    })
    try {
      // Also what lies in rows is to be looked at.
      if (mode === 'inspect') await own.sync()
    } catch (error) {
      await own[Symbol.asyncDispose]()
      throw error
    }
    return new AppObserving(request, own)
  } catch (error) {
    if (mode === 'run') throw error
    return new AppObserving(request, undefined, brokenObservers(error))
  }
}

import { ConfigurationError, noMetrics } from '@millrace/contracts'
import type { Envelope, Metrics } from '@millrace/contracts'
import { systemClock } from '@millrace/processing'
import type { Clock, Processor, ProcessorRuntime } from '@millrace/processing'

import type { AnyActionKind } from '../action/action-kind.ts'
import { emailKind } from '../action/email/email-action.ts'
import type { SmtpOptions } from '../action/email/smtp-options.ts'
import { logKind } from '../action/log/log-action.ts'
import type { RuleLogger } from '../action/log/log-action.ts'
import { slackKind } from '../action/slack/slack-action.ts'
import { HttpPoster } from '../action/webhook/http-post.ts'
import { webhookKind } from '../action/webhook/webhook-action.ts'
import type { ConditionLimits } from '../condition/compile-condition.ts'
import { Destinations } from '../destination/destinations.ts'
import type { DestinationOptions } from '../destination/destinations.ts'
import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'
import type { LookupCache, LookupSource } from '../lookup/lookup.ts'
import { observeObservers } from '../metrics/observe-observers.ts'
import { NetworkGuard } from '../network/network-guard.ts'
import type { HostResolver } from '../network/network-guard.ts'
import { environmentSecrets, Secrets } from '../secret/secrets.ts'
import type { SecretResolver } from '../secret/secrets.ts'
import type { ObserverDefinition } from './define-observer.ts'
import { dryRun } from './dry-run.ts'
import type { DryRunOptions } from './dry-run.ts'
import type { ObserverFile } from './observer-file.ts'
import { prepareObservers } from './prepare-observer.ts'
import type { RuleSurroundings } from './prepare-observer.ts'
import type { PreparedObserver } from './prepared-observer.ts'
import type { DryRun, ObserverLog, ObserversReport } from './rule-report.ts'
import { RunningObserver } from './running-observer.ts'
import type { ObserverSource } from './source.ts'

/** Rules: of code, and of files. */
export interface ObserverRules {
  readonly observers?: readonly ObserverDefinition[]
  readonly files?: readonly ObserverFile[]
}

/** Settings of {@link openObservers}. */
export interface ObserversOptions extends ObserverRules {
  /** Sources that rules of files name. @defaultValue none */
  readonly sources?: Readonly<Record<string, ObserverSource>>
  /** Look-ups that rules of files name. @defaultValue none */
  readonly lookups?: Readonly<Record<string, LookupSource>>
  /** What look-ups go through. @defaultValue none: each is made anew */
  readonly cache?: LookupCache
  /** Where secrets come from, asked at load and for each attempt. @defaultValue the environment */
  readonly secrets?: SecretResolver
  /** Kinds of actions of the application's own. @defaultValue none */
  readonly kinds?: readonly AnyActionKind[]
  /** The mail server. @defaultValue none: there is no action `email` */
  readonly smtp?: SmtpOptions
  /** Hosts that webhooks may call although their addresses are not public: names, addresses, `*.suffix`. @defaultValue none */
  readonly allowHosts?: readonly string[]
  /** How webhooks' host names are looked up; each connection goes to what one look-up gave. @defaultValue as the machine does */
  readonly resolveHost?: HostResolver
  /** Limits and circuits by destination, `*` for all others. @defaultValue 16 calls at once, the default circuit */
  readonly destinations?: DestinationOptions
  /** @defaultValue standard output, one JSON object a line */
  readonly log?: RuleLogger
  /** What conditions may be and do. */
  readonly conditionLimits?: ConditionLimits
  /** Where matches and circuits are shown. @defaultValue nowhere */
  readonly metrics?: Metrics
  /** @defaultValue the machine's clocks */
  readonly clock?: Clock
}

/** Loaded rules, and what their actions share. To be closed after the runtime that runs them. */
export interface Observers extends AsyncDisposable {
  /** One for each observer, to be given to a runtime. */
  readonly processors: readonly Processor[]
  /** Those of the observers that read one of the two logs, for its runtime. */
  processorsOn(log: ObserverLog): readonly Processor[]
  /**
   * Tells a runtime of the rules that {@link Observers.replace} brings and takes away, until it is closed. It has been given
   * {@link Observers.processors}, or {@link Observers.processorsOn} the log it reads.
   * @param log the one log it reads; all observers' where it is left out
   */
  attach(runtime: ObserverRuntime, log?: ObserverLog): void
  /**
   * Puts other rules in the place of all there are, without losing an event: checkpoints stay with the names of observers, and
   * what is being tried ends under the rule it began with. An observer that a runtime refuses stops no other, and is tried
   * again with the next call.
   * @returns observers that a runtime refused, each with the reason
   * @throws {@link RuleError} with everything that is wrong; nothing was changed then
   */
  replace(rules: ObserverRules): Promise<ReadonlyMap<string, unknown>>
  /**
   * Everything that is wrong with one rule, by itself. Nothing is changed.
   * @param place names it in the problems. @defaultValue `observer`
   */
  check(rule: unknown, place?: string): readonly RuleProblem[]
  /**
   * What an observer would do with an event; nothing is sent.
   * @param observer a name, or a definition that is not loaded
   * @throws {@link ConfigurationError} for a name that is not there, {@link RuleError}, and what a look-up throws
   */
  test(observer: string | ObserverDefinition, envelope: Envelope, options?: DryRunOptions): Promise<DryRun>
  status(): ObserversReport
  /** A text without the secrets of the rules. */
  redact(text: string): string
}

/** What runs observers, as far as they need it. */
export type ObserverRuntime = Pick<ProcessorRuntime, 'add' | 'remove' | 'runs'>

async function addTo(
  runtime: ObserverRuntime,
  processor: Processor,
  refused: Map<string, unknown>,
): Promise<void> {
  if (runtime.runs(processor.name)) return
  try {
    await runtime.add(processor)
  } catch (error) {
    refused.set(processor.name, error)
  }
}

const toStandardOutput: RuleLogger = (line) => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

class LoadedObservers implements Observers {
  readonly #secrets: Secrets
  readonly #destinations: Destinations
  readonly #poster: HttpPoster
  readonly #mail: ({ readonly kind: AnyActionKind } & Disposable) | undefined
  readonly #around: RuleSurroundings
  readonly #runtimes = new Map<ObserverRuntime, ObserverLog | undefined>()
  #running: readonly RunningObserver[]
  #replacing: Promise<unknown> = Promise.resolve()
  readonly #observed: Disposable

  constructor(options: ObserversOptions) {
    const { secrets = environmentSecrets, smtp, log = toStandardOutput, clock = systemClock } = options
    this.#secrets = new Secrets(secrets)
    this.#destinations = new Destinations(options.destinations ?? {}, clock)
    this.#poster = new HttpPoster(new NetworkGuard(options.allowHosts ?? [], options.resolveHost))
    this.#mail = smtp === undefined ? undefined : emailKind(smtp, this.#secrets)
    this.#around = {
      kinds: this.#kinds(options.kinds ?? [], log),
      sources: options.sources ?? {},
      lookups: options.lookups ?? {},
      cache: options.cache,
      secrets: this.#secrets,
      limits: options.conditionLimits ?? {},
    }
    this.#running = this.#prepare(options).map((each) => this.#run(each))
    this.#observed = observeObservers(options.metrics ?? noMetrics, {
      observers: () => this.#running.map((each) => each.status()),
      destinations: () => this.#destinations.status(),
      isFixed: (name) => this.#destinations.isKept(name),
    })
  }

  get processors(): readonly Processor[] {
    return this.#running.map(({ processor }) => processor)
  }

  processorsOn(log: ObserverLog): readonly Processor[] {
    return this.#running.filter((each) => each.log === log).map(({ processor }) => processor)
  }

  attach(runtime: ObserverRuntime, log?: ObserverLog): void {
    this.#runtimes.set(runtime, log)
  }

  async replace(rules: ObserverRules): Promise<ReadonlyMap<string, unknown>> {
    const prepared = this.#prepare(rules)
    // One after the other: the second must find what the first left.
    const turn = this.#replacing.then(async () => await this.#exchange(prepared))
    this.#replacing = turn.catch(() => undefined)
    return await turn
  }

  check(rule: unknown, place = 'observer'): readonly RuleProblem[] {
    try {
      prepareObservers([rule], place, this.#around)
      return []
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      // It is one, not one of a list.
      const [listed, alone] = [`${place}[0]`, place]
      return error.problems.map((each) =>
        each.place.startsWith(listed)
          ? { ...each, place: `${alone}${each.place.slice(listed.length)}` }
          : each,
      )
    }
  }

  async test(
    observer: string | ObserverDefinition,
    envelope: Envelope,
    options?: DryRunOptions,
  ): Promise<DryRun> {
    return await dryRun(this.#toTest(observer), envelope, this.#secrets, options)
  }

  status(): ObserversReport {
    return {
      observers: this.#running.map((each) => each.status()),
      // A template may make a secret part of a host's name.
      destinations: this.#destinations
        .status()
        .map((each) => ({ ...each, name: this.#secrets.redact(each.name) })),
    }
  }

  redact(text: string): string {
    return this.#secrets.redact(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#observed[Symbol.dispose]()
    this.#destinations[Symbol.dispose]()
    this.#mail?.[Symbol.dispose]()
    await this.#poster[Symbol.asyncDispose]()
  }

  #kinds(own: readonly AnyActionKind[], log: RuleLogger): ReadonlyMap<string, AnyActionKind> {
    const all = [
      webhookKind(this.#poster, this.#secrets),
      slackKind(this.#poster, this.#secrets),
      logKind(log),
      ...(this.#mail === undefined ? [] : [this.#mail.kind]),
      ...own,
    ]
    const twice = all.find(({ kind }, index) => all.findIndex((each) => each.kind === kind) !== index)
    if (twice !== undefined) throw new ConfigurationError('kinds', `there is an action ${twice.kind} already`)
    return new Map(all.map((each) => [each.kind, each]))
  }

  #prepare({ observers = [], files = [] }: ObserverRules): readonly PreparedObserver[] {
    const problems: RuleError[] = []
    const attempt = (prepare: () => readonly PreparedObserver[]): readonly PreparedObserver[] => {
      try {
        return prepare()
      } catch (error) {
        if (!(error instanceof RuleError)) throw error
        problems.push(error)
        return []
      }
    }
    const prepared = attempt(() => prepareObservers(observers, 'observers', this.#around))
    const written = files.flatMap((file) =>
      attempt(() => {
        try {
          return prepareObservers(file.definitions, file.name, this.#around)
        } catch (error) {
          throw error instanceof RuleError ? new RuleError(error.problems.map(file.locate)) : error
        }
      }),
    )
    if (problems.length > 0) throw new RuleError(problems.flatMap((error) => error.problems))
    const all = [...prepared, ...written]
    const twice = all.find(({ name }, index) => all.findIndex((each) => each.name === name) !== index)
    if (twice !== undefined)
      throw new RuleError([{ place: twice.name, problem: 'is the name of two observers' }])
    return all
  }

  #run(observer: PreparedObserver): RunningObserver {
    return new RunningObserver(observer, { destinations: this.#destinations, secrets: this.#secrets })
  }

  async #exchange(prepared: readonly PreparedObserver[]): Promise<ReadonlyMap<string, unknown>> {
    const former = this.#running
    const next = prepared.map((observer) => {
      const same = former.find(({ current }) => current.name === observer.name)
      return same?.become(observer) === true ? same : this.#run(observer)
    })
    this.#running = next
    const leaving = former.filter((each) => !next.includes(each))
    // First, from all: one that changes its log must not be run on both.
    for (const runtime of this.#runtimes.keys())
      await Promise.all(leaving.map(async ({ processor }) => await runtime.remove(processor.name)))
    const refused = new Map<string, unknown>()
    for (const [runtime, log] of this.#runtimes)
      for (const each of next)
        if ((log ?? each.log) === each.log) await addTo(runtime, each.processor, refused)
    return refused
  }

  #toTest(observer: string | ObserverDefinition): PreparedObserver {
    if (typeof observer !== 'string') {
      const [prepared] = prepareObservers([observer], 'observer', this.#around)
      if (prepared !== undefined) return prepared
    }
    const running = this.#running.find(({ current }) => current.name === observer)
    if (running === undefined)
      throw new ConfigurationError('observer', `there is none of the name ${String(observer)}`)
    return running.current
  }
}

/**
 * Loads rules and makes a processor of each.
 * @throws {@link RuleError} with everything that is wrong with any of them, each with its place;
 * {@link ConfigurationError} for the settings around them
 */
export function openObservers(options: ObserversOptions): Observers {
  return new LoadedObservers(options)
}

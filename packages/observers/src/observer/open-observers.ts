import { ConfigurationError } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
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
import type { LookupCache, LookupSource } from '../lookup/lookup.ts'
import { NetworkGuard } from '../network/network-guard.ts'
import { environmentSecrets, Secrets } from '../secret/secrets.ts'
import type { SecretResolver } from '../secret/secrets.ts'
import type { ObserverDefinition } from './define-observer.ts'
import { dryRun } from './dry-run.ts'
import type { ObserverFile } from './observer-file.ts'
import { prepareObservers } from './prepare-observer.ts'
import type { RuleSurroundings } from './prepare-observer.ts'
import type { PreparedObserver } from './prepared-observer.ts'
import type { DryRun, ObserversReport } from './rule-report.ts'
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
  /** Limits and circuits by destination, `*` for all others. @defaultValue 16 calls at once, the default circuit */
  readonly destinations?: DestinationOptions
  /** @defaultValue standard output, one JSON object a line */
  readonly log?: RuleLogger
  /** What conditions may be and do. */
  readonly conditionLimits?: ConditionLimits
  /** @defaultValue the machine's clocks */
  readonly clock?: Clock
}

/** Loaded rules, and what their actions share. To be closed after the runtime that runs them. */
export interface Observers extends AsyncDisposable {
  /** One for each observer, to be given to a runtime. */
  readonly processors: readonly Processor[]
  /**
   * Tells a runtime of the rules that {@link Observers.replace} brings and takes away, until it is closed. It has been given
   * {@link Observers.processors}.
   */
  attach(runtime: Pick<ProcessorRuntime, 'add' | 'remove'>): void
  /**
   * Puts other rules in the place of all there are, without losing an event: checkpoints stay with the names of observers, and
   * what is being tried ends under the rule it began with.
   * @throws {@link RuleError} with everything that is wrong; nothing was changed then
   */
  replace(rules: ObserverRules): Promise<void>
  /**
   * What an observer would do with an event; nothing is sent.
   * @param observer a name, or a definition that is not loaded
   * @throws {@link ConfigurationError} for a name that is not there, {@link RuleError}, and what a look-up throws
   */
  test(observer: string | ObserverDefinition, envelope: Envelope): Promise<DryRun>
  status(): ObserversReport
  /** A text without the secrets of the rules. */
  redact(text: string): string
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
  readonly #runtimes = new Set<Pick<ProcessorRuntime, 'add' | 'remove'>>()
  #running: readonly RunningObserver[]
  #replacing: Promise<void> = Promise.resolve()

  constructor(options: ObserversOptions) {
    const { secrets = environmentSecrets, smtp, log = toStandardOutput, clock = systemClock } = options
    this.#secrets = new Secrets(secrets)
    this.#destinations = new Destinations(options.destinations ?? {}, clock)
    this.#poster = new HttpPoster(new NetworkGuard(options.allowHosts ?? []))
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
  }

  get processors(): readonly Processor[] {
    return this.#running.map(({ processor }) => processor)
  }

  attach(runtime: Pick<ProcessorRuntime, 'add' | 'remove'>): void {
    this.#runtimes.add(runtime)
  }

  async replace(rules: ObserverRules): Promise<void> {
    const prepared = this.#prepare(rules)
    // One after the other: the second must find what the first left.
    const turn = this.#replacing.then(async () => await this.#exchange(prepared))
    this.#replacing = turn.catch(() => undefined)
    await turn
  }

  async test(observer: string | ObserverDefinition, envelope: Envelope): Promise<DryRun> {
    return await dryRun(this.#toTest(observer), envelope, this.#secrets)
  }

  status(): ObserversReport {
    return {
      observers: this.#running.map((each) => each.status()),
      destinations: this.#destinations.status(),
    }
  }

  redact(text: string): string {
    return this.#secrets.redact(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
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

  async #exchange(prepared: readonly PreparedObserver[]): Promise<void> {
    const former = this.#running
    const next = prepared.map((observer) => {
      const same = former.find(({ current }) => current.name === observer.name)
      return same?.become(observer) === true ? same : this.#run(observer)
    })
    this.#running = next
    for (const runtime of this.#runtimes) {
      const leaving = former.filter((each) => !next.includes(each))
      await Promise.all(leaving.map(async ({ processor }) => await runtime.remove(processor.name)))
      for (const each of next) if (!former.includes(each)) await runtime.add(each.processor)
    }
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

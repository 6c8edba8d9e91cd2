import type { Envelope } from '@millrace/contracts'
import type {
  DestinationReport,
  DryRun,
  DryRunOptions,
  ObserverDefinition,
  ObserverLog,
  ObserverReport,
  RuleProblem,
} from '@millrace/observers'
import type { ObserverRuleAction } from '@millrace/postgres'

/** Whether a rule is on was said by somebody, not by the rule. */
export interface ObserverOverride {
  readonly enabled: boolean
  readonly by: string
  readonly at: Date
  readonly version: number
}

/** One rule of an app, wherever it lies. */
export interface ObserverView {
  readonly name: string
  readonly origin: 'code' | 'file' | 'stored'
  /** The file, or the table; undefined for a rule in code. */
  readonly place: string | undefined
  readonly log: ObserverLog
  readonly enabled: boolean
  /** Undefined where nobody switched it. */
  readonly override: ObserverOverride | undefined
  /** Of a stored rule. */
  readonly version: number | undefined
  /** As it was written. */
  readonly definition: unknown
  /** What it did in this process; undefined where it could not be loaded. */
  readonly report: ObserverReport | undefined
  /** Why it does not run, each with its place. */
  readonly problems: readonly RuleProblem[]
}

/** All observers together, however many there are. */
export interface ObserversSummary {
  readonly observers: number
  readonly enabled: number
  readonly seen: number
  readonly matched: number
  readonly failed: number
  /** Circuits that are not closed. */
  readonly openCircuits: number
  /** Rules that do not run, with the reasons: at most 100. */
  readonly problems: readonly RuleProblem[]
  /** Why the rules in the database could not be looked at the last time; undefined where they could. */
  readonly lastError: string | undefined
}

/** One version of a rule. */
export interface ObserverChange {
  readonly version: number
  readonly action: ObserverRuleAction
  readonly by: string
  readonly at: Date
  readonly enabled: boolean | undefined
  /** Undefined where only on and off was said. */
  readonly definition: unknown
}

/** Who writes a rule, and what must hold. */
export interface PutObserverOrder {
  readonly by: string
  /** `new`: there is none of the name; `known`: there is one. @defaultValue either */
  readonly expect?: 'new' | 'known'
}

/** A rule that was written. */
export interface PutObserver {
  readonly name: string
  readonly version: number
  readonly created: boolean
}

/**
 * The observers of an app: what they are, what they do, and how operators change them. Rules come from code, from files and from
 * rows of the database; a change made in one process is seen by the others within about a second.
 */
export interface AppObservers {
  /** By name. */
  list(): readonly ObserverView[]
  summary(): ObserversSummary
  destinations(): readonly DestinationReport[]
  /**
   * What an observer would do with an event; nothing is sent.
   * @throws {@link ConfigurationError} for a name that is not there; `RuleError`; what a look-up throws
   */
  test(observer: string | ObserverDefinition, envelope: Envelope, options?: DryRunOptions): Promise<DryRun>
  /** Everything that is wrong with a rule as data. Nothing is changed. */
  check(definition: unknown): readonly RuleProblem[]
  /**
   * Writes a rule as a row, in the place of one of its name, and runs it.
   * @throws `RuleError` with everything that is wrong with it, {@link ConfigurationError} where rules are not stored or the
   * expectation does not hold; nothing was written
   */
  put(definition: unknown, order: PutObserverOrder): Promise<PutObserver>
  /** Removes a rule that is a row, with its checkpoint unless deliveries of it are left; false where there is none. */
  remove(name: string, by: string): Promise<boolean>
  /**
   * Switches a rule on or off, wherever it lies and for every process, until it is switched again; undefined: as the rule says.
   * False for a name that is not there.
   */
  setEnabled(name: string, enabled: boolean | undefined, by: string): Promise<boolean>
  /** What was done to a rule here, newest first; at most 1,000 changes. */
  history(name: string): Promise<readonly ObserverChange[]>
  /**
   * Lets every process read files and rows anew; here at once.
   * @throws `RuleError` with what is wrong with the files here; the rules they gave before stay
   */
  reload(): Promise<void>
}

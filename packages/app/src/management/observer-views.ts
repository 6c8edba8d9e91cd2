import type { JsonValue } from '@millrace/contracts'
import type { DryRun } from '@millrace/observers'

/** What is wrong with a rule, and where. */
export interface RuleProblemView {
  readonly place: string
  /** In the text of a condition or template, or in a file, from 1; null for what has no lines. */
  readonly line: number | null
  readonly column: number | null
  readonly problem: string
}

/** One observer, and what it did in this process since it was loaded. */
export interface ObserverItemView {
  readonly name: string
  /** Where its rule is written: in code, in a file, or as a row of the database. */
  readonly origin: 'code' | 'file' | 'stored'
  /** The file. */
  readonly place: string | null
  /** What it reads. */
  readonly log: 'events' | 'changes'
  readonly enabled: boolean
  /** An operator's word that wins over what the rule says. */
  readonly override: { readonly enabled: boolean; readonly by: string; readonly at: string } | null
  /** Of the row. */
  readonly version: number | null
  /** As it is written; functions as `"function"`. */
  readonly definition: JsonValue
  /** Null where the rule could not be loaded. */
  readonly counts: {
    /** Records of its types and tenant that it looked at. */
    readonly seen: number
    readonly matched: number
    /** Conditions that came to an error: no match, counted. */
    readonly failed: number
    /** Of the last of them. */
    readonly lastError: string | null
  } | null
  /** Why it could not be loaded; empty where it was. */
  readonly problems: readonly RuleProblemView[]
}

/** One destination as this process sees it. */
export interface DestinationView {
  readonly name: string
  readonly circuit: 'closed' | 'open' | 'half-open'
  readonly timesOpened: number
  /** Milliseconds until the next call is allowed; 0 unless the circuit is open. */
  readonly opensInMs: number
  /** Calls and failures of the circuit's present window. */
  readonly recent: { readonly calls: number; readonly failures: number }
  readonly inFlight: number
}

/** The app's observers and the destinations of their actions. */
export interface ObserversView {
  readonly observers: readonly ObserverItemView[]
  readonly destinations: readonly DestinationView[]
}

/** What an action would send. */
export interface RenderedActionView {
  readonly name: string
  readonly action: string
  readonly destination: string | null
  /** With `***` in place of each secret and of what is masked; null where rendering failed. */
  readonly rendered: JsonValue
  readonly error: string | null
}

/** What an observer makes of a record by the rule of the moment. */
export interface VerdictView {
  /** Of the record, or of a part of its split. */
  readonly recordId: string
  readonly matched: boolean
  /** Why, or why not. */
  readonly reason: DryRun['reason'] | 'a look-up failed' | 'the rule cannot be loaded'
  /** Of the condition, the look-up or the rule. */
  readonly error: string | null
  readonly lookup: JsonValue
  /** None where it does not match. */
  readonly actions: readonly RenderedActionView[]
}

/** What became of a rule that was put. */
export interface PutRuleView {
  readonly name: string
  /** Of the row; null where nothing was written. */
  readonly version: number | null
  /** True where there is no row of the name, or was none. */
  readonly created: boolean
  /** True where it was only checked. */
  readonly dryRun: boolean
  /** What is wrong with it, where it was only checked. */
  readonly problems: readonly RuleProblemView[]
}

/** One version of a stored rule, or of an operator's word on a rule. */
export interface RuleChangeView {
  readonly version: number
  readonly action: 'put' | 'remove' | 'enable' | 'disable' | 'reset'
  readonly by: string
  readonly at: string
  readonly enabled: boolean | null
  readonly definition: JsonValue
}

/** Whose history is told. */
export interface RuleHistoryView {
  readonly name: string
  readonly changes: readonly RuleChangeView[]
}

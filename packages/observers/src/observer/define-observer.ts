import type { RetryPolicy } from '@millrace/processing'

import type { EmailSettings } from '../action/email/email-action.ts'
import type { LogSettings } from '../action/log/log-action.ts'
import type { SlackSettings } from '../action/slack/slack-action.ts'
import type { WebhookSettings } from '../action/webhook/webhook-action.ts'
import type { LookupDefinition } from '../lookup/lookup.ts'
import type { RowOperation, RuleInput } from './rule-input.ts'
import type { EventDefinitionsLike, EventSource, RowSource } from './source.ts'

/** What every action of an observer may set. */
export interface CommonActionSettings {
  /** `[a-z][a-z0-9_-]*`, unique in its observer. Part of every delivery's identity: keep it. */
  readonly name: string
  /** @defaultValue 3 attempts, exponential from 100 ms to 30 s, with full jitter */
  readonly retry?: RetryPolicy
  /** Milliseconds an attempt may take; a transient failure after that. @defaultValue 30_000 */
  readonly timeoutMs?: number
  /** What follows an attempt whose outcome a crash hid. @defaultValue `'retry'`, under the same idempotency key */
  readonly afterUnknown?: 'retry' | 'dead-letter'
  /**
   * `'key'`: of one stream or row, one delivery of this action at a time, in the order of the log; a later one waits until the
   * earlier is delivered or dead. `'none'`: all that there is room for. @defaultValue `'key'`
   */
  readonly order?: 'key' | 'none'
  /**
   * What becomes of the deliveries behind a dead one of their stream or row: `'release'` lets them go on, `'hold'` keeps them
   * waiting until it was retried with success or removed. @defaultValue `'release'`
   */
  readonly onFailure?: 'release' | 'hold'
  /** Attempts of this action under way at once in this process. @defaultValue 16 */
  readonly concurrency?: number
  /** Milliseconds a delivery to an unreachable destination is kept alive. @defaultValue 86_400_000 (a day) */
  readonly maxAgeMs?: number
}

/** An action of a kind that is the application's own. */
export interface OwnAction extends CommonActionSettings {
  readonly action: string
  readonly [setting: string]: unknown
}

/** An action as a rule names it: its kind, and the settings of that kind. */
export type ObserverAction =
  | (CommonActionSettings & WebhookSettings & { readonly action: 'webhook' })
  | (CommonActionSettings & EmailSettings & { readonly action: 'email' })
  | (CommonActionSettings & SlackSettings & { readonly action: 'slack' })
  | (CommonActionSettings & LogSettings & { readonly action: 'log' })
  | OwnAction

/** What observers of every source have. */
export interface ObserverBasics {
  /** `[a-z][a-z0-9_-]*`, at most 63 characters. Its checkpoint and deliveries are found again by it: keep it. */
  readonly name: string
  readonly actions: readonly ObserverAction[]
  /** Reads by key whose results condition and templates use as `lookup.<name>`. @defaultValue none */
  readonly lookups?: Readonly<Record<string, LookupDefinition>>
  /** Of observers whose actions wait for one destination the highest goes first; -1000 to 1000. @defaultValue 0 */
  readonly priority?: number
  /** False matches nothing, and its checkpoint moves on: what happened meanwhile is not caught up with. @defaultValue true */
  readonly enabled?: boolean
  /**
   * Matches only events of this tenant; `'*'` those of all, and those of none.
   * @defaultValue only events that belong to no tenant
   */
  readonly tenant?: string
  /** Where it begins when it runs for the first time. @defaultValue `'now'` */
  readonly startFrom?: 'now' | 'beginning'
  /** 1 to 64; fixed from the first registration on. @defaultValue 1 */
  readonly partitions?: number
}

type Decision<Input> = string | ((input: Input) => boolean)

type EventData<E> = E extends { readonly $: { parse(envelope: never): infer Envelope } } ? Envelope : never
type DataOf<E, Types> =
  EventData<E> extends infer Each
    ? Each extends { readonly type: Types; readonly data: infer Data }
      ? Data
      : never
    : never
type TypesOf<E extends EventDefinitionsLike> = E['$']['types'][number]

/** A rule over events that `defineEvents` defined. */
export interface EventObserver<
  E extends EventDefinitionsLike,
  Type extends TypesOf<E>,
> extends ObserverBasics {
  readonly source: { readonly events: E }
  /** Event types. @defaultValue `'*'`: all of the definition */
  readonly on?: '*' | Type | readonly Type[]
  /** CEL, or a pure function. @defaultValue every event */
  readonly when?: Decision<RuleInput<DataOf<E, Type>>>
}

type RowOf<S> = S extends { readonly schema: { readonly '~standard': { readonly types?: infer T } } }
  ? NonNullable<T> extends { readonly output: infer Row }
    ? Row
    : unknown
  : unknown

/** A rule over changes of a table's rows. */
export interface RowObserver<S extends RowSource> extends ObserverBasics {
  readonly source: S
  /** @defaultValue `'*'`: all operations */
  readonly on?: '*' | RowOperation | readonly RowOperation[]
  /** CEL, or a pure function. @defaultValue every change */
  readonly when?: Decision<RuleInput<unknown, RowOf<S>>>
}

/** A rule whose source is not known to the compiler. */
export interface ObserverDefinition extends ObserverBasics {
  /** A source, or the name of one that the application gave. @defaultValue events of which nothing is known */
  readonly source?: EventSource | RowSource | string
  readonly on?: string | readonly string[]
  readonly when?: string | ((input: RuleInput) => boolean)
}

/**
 * Defines a rule: what it watches, when it acts, what it does. Nothing is checked before it is loaded by `openObservers`; the
 * compiler checks event types, and the input of a condition that is a function.
 */
export function defineObserver<E extends EventDefinitionsLike, const Type extends TypesOf<E> = TypesOf<E>>(
  definition: EventObserver<E, Type>,
): ObserverDefinition
export function defineObserver<S extends RowSource>(definition: RowObserver<S>): ObserverDefinition
export function defineObserver(definition: ObserverDefinition): ObserverDefinition
export function defineObserver(definition: unknown): ObserverDefinition {
  return definition as ObserverDefinition
}

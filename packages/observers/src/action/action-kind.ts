import type { ActionReceipt } from '@millrace/processing'

import type { RuleInput } from '../observer/rule-input.ts'
import type { TemplateValues } from '../template/compile-template.ts'
import type { ActionSettings } from './action-settings.ts'

/** What one attempt gets beside what was rendered. */
export interface ActionAttempt {
  /** The same for every attempt of one delivery; hand it to the destination. */
  readonly idempotencyKey: string
  /** From 1. */
  readonly attempt: number
  /** Aborts at the time-out and when the process must stop. */
  readonly signal: AbortSignal
  readonly input: RuleInput
}

/** One action of one observer, its settings read and its templates compiled. */
export interface PreparedAction<Rendered = unknown> {
  /** Where its calls go, where that is the same for every event; limits and circuit are the destination's. */
  readonly destination?: string
  /** What would be sent, as a dry run shows it; pure. */
  render(values: TemplateValues): Rendered
  /** Where this one goes, for an action without a fixed {@link PreparedAction.destination}. @defaultValue nowhere: no limits */
  destinationOf?(rendered: Rendered): string | undefined
  /**
   * Makes one attempt. Resolves when the destination has it; an `ActionError` says what a failure means, anything else thrown
   * is transient.
   */
  send(rendered: Rendered, attempt: ActionAttempt): Promise<ActionReceipt | void>
}

/** A kind of action: how its settings are read and what an attempt does. */
export interface ActionKind<Rendered = unknown> {
  /** As rules name it. */
  readonly kind: string
  /** Called once for each action at load; what is wrong with a setting goes to {@link ActionSettings.problem}. */
  prepare(settings: ActionSettings): PreparedAction<Rendered>
}

/** A kind as a list of several takes it. */
export type AnyActionKind = ActionKind

/**
 * Defines a kind of action.
 *
 * @example
 * ```ts
 * const sms = defineActionKind({
 *   kind: 'sms',
 *   prepare: (settings) => {
 *     const to = settings.template('to', 'text')
 *     const text = settings.template('text', 'text')
 *     return {
 *       destination: 'sms',
 *       render: (values) => ({ to: to?.render(values), text: text?.render(values) }),
 *       send: async (message, { idempotencyKey, signal }) => gateway.send(message, { idempotencyKey, signal }),
 *     }
 *   },
 * })
 * ```
 */
export function defineActionKind<Rendered>(kind: ActionKind<Rendered>): AnyActionKind {
  return kind
}

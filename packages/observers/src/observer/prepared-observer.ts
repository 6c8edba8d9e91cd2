import type { Action } from '@millrace/processing'

import type { PreparedAction } from '../action/action-kind.ts'
import type { ConditionOutcome } from '../condition/compile-condition.ts'
import type { PreparedLookup } from '../lookup/lookup.ts'
import type { RuleInput } from './rule-input.ts'

/** An action, ready for attempts. */
export interface PreparedRuleAction {
  readonly name: string
  readonly kind: string
  readonly prepared: PreparedAction
  readonly secretNames: ReadonlySet<string>
  readonly lookups: readonly PreparedLookup[]
  /** What the ledger is told: attempts, times, limits; it sends nothing itself. */
  readonly delivery: Action
}

/** An observer that was loaded; pure but for its look-ups. */
export interface PreparedObserver {
  readonly name: string
  readonly isChange: boolean
  /** Undefined for all. */
  readonly types: readonly string[] | undefined
  readonly tenant: string | undefined
  readonly enabled: boolean
  readonly priority: number
  readonly startFrom: 'now' | 'beginning'
  readonly partitions: number
  readonly decide: (input: RuleInput) => ConditionOutcome
  /** Those its condition uses. */
  readonly conditionLookups: readonly PreparedLookup[]
  readonly actions: readonly PreparedRuleAction[]
}

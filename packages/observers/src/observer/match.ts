import type { Envelope } from '@millrace/contracts'

import { lookUp } from '../lookup/lookup.ts'
import type { PreparedObserver } from './prepared-observer.ts'
import { ruleInput } from './rule-input.ts'
import type { RuleInput } from './rule-input.ts'
import type { DryRun } from './rule-report.ts'

/** Whether an observer acts on an event, and why. */
export interface Match {
  readonly reason: DryRun['reason']
  readonly error: string | undefined
  readonly input: RuleInput
}

/** Events of other tenants are none of a rule's business, whatever its condition says. */
function isOfTenant({ tenant }: PreparedObserver, envelope: Envelope): boolean {
  return tenant === '*' || tenant === envelope.metadata.tenant
}

function judge({ decide }: PreparedObserver, input: RuleInput): Match {
  const outcome = decide(input)
  if (outcome.kind === 'error') return { reason: 'the condition failed', error: outcome.error, input }
  const reason = outcome.kind === 'match' ? 'matched' : 'the condition is false'
  return { reason, error: undefined, input }
}

/**
 * Judges one event, at once where its condition uses no look-up: most events meet many rules.
 * @throws what a look-up throws
 */
export function matchEvent(
  observer: PreparedObserver,
  envelope: Envelope,
  signal: AbortSignal,
): Match | Promise<Match> {
  const input = ruleInput(envelope, observer.isChange)
  const no = (reason: Match['reason']): Match => ({ reason, error: undefined, input })
  if (!observer.enabled) return no('disabled')
  if (observer.types !== undefined && !observer.types.includes(envelope.type)) return no('another event type')
  if (!isOfTenant(observer, envelope)) return no('another tenant')
  if (observer.conditionLookups.length === 0) return judge(observer, input)
  const { tenant } = envelope.metadata
  const found = lookUp(observer.conditionLookups, { ...input }, { tenant, signal })
  return found.then((lookup) => judge(observer, { ...input, lookup }))
}

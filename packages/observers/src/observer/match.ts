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

/**
 * Judges one event; looks up what the condition uses.
 * @throws what a look-up throws
 */
export async function matchEvent(
  observer: PreparedObserver,
  envelope: Envelope,
  signal: AbortSignal,
): Promise<Match> {
  const input = ruleInput(envelope, observer.isChange)
  const no = (reason: Match['reason']): Match => ({ reason, error: undefined, input })
  if (!observer.enabled) return no('disabled')
  if (observer.types !== undefined && !observer.types.includes(envelope.type)) return no('another event type')
  if (!isOfTenant(observer, envelope)) return no('another tenant')
  const { tenant } = envelope.metadata
  const lookup = await lookUp(observer.conditionLookups, { ...input }, { tenant, signal })
  const complete = { ...input, lookup }
  const outcome = observer.decide(complete)
  if (outcome.kind === 'error')
    return { reason: 'the condition failed', error: outcome.error, input: complete }
  const reason = outcome.kind === 'match' ? 'matched' : 'the condition is false'
  return { reason, error: undefined, input: complete }
}

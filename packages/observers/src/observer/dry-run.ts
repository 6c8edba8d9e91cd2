import type { Envelope } from '@millrace/contracts'

import type { Secrets } from '../secret/secrets.ts'
import { templateValues, withMaskedSecrets } from './attempt.ts'
import { matchEvent } from './match.ts'
import type { PreparedObserver, PreparedRuleAction } from './prepared-observer.ts'
import type { RuleInput } from './rule-input.ts'
import type { DryRun, RenderedAction } from './rule-report.ts'

const longestMs = 30_000

/** What a dry run may show. */
export interface DryRunOptions {
  /** A value as it may be shown: what an action would send is made of what is left. @defaultValue all of it */
  readonly mask?: <Value>(value: Value) => Value
}

interface Rendering {
  readonly action: RenderedAction
  readonly lookup: Readonly<Record<string, unknown>>
}

async function renderAction(
  action: PreparedRuleAction,
  input: RuleInput,
  {
    secrets,
    signal,
    mask,
  }: Required<DryRunOptions> & { readonly secrets: Secrets; readonly signal: AbortSignal },
): Promise<Rendering> {
  const { name, kind, prepared } = action
  const values = await templateValues(action, input, signal)
  const lookup = values['lookup'] as Readonly<Record<string, unknown>>
  try {
    const rendered = prepared.render(mask(withMaskedSecrets(action, values)))
    const destination = prepared.destination ?? prepared.destinationOf?.(rendered)
    return { lookup, action: { name, action: kind, destination, rendered, error: undefined } }
  } catch (error) {
    const text = secrets.redact(error instanceof Error ? error.message : String(error))
    return {
      lookup,
      action: { name, action: kind, destination: prepared.destination, rendered: undefined, error: text },
    }
  }
}

/** What an observer would do with an event; sends nothing, and shows no secret. */
export async function dryRun(
  observer: PreparedObserver,
  envelope: Envelope,
  secrets: Secrets,
  { mask = (value) => value }: DryRunOptions = {},
): Promise<DryRun> {
  const signal = AbortSignal.timeout(longestMs)
  const { reason, error, input } = await matchEvent(observer, envelope, signal)
  const matched = reason === 'matched'
  const renderings = matched
    ? await Promise.all(
        observer.actions.map(async (each) => await renderAction(each, input, { secrets, signal, mask })),
      )
    : []
  const lookup = Object.assign({}, input.lookup, ...renderings.map((each) => each.lookup)) as DryRun['lookup']
  return {
    observer: observer.name,
    matched,
    reason,
    error: error === undefined ? undefined : secrets.redact(error),
    lookup: mask(lookup),
    actions: renderings.map(({ action }) => action),
  }
}

import { ActionError } from '@millrace/processing'
import type { ActionInput, ActionReceipt } from '@millrace/processing'

import type { CallOutcome, Destination } from '../destination/destination.ts'
import type { Destinations } from '../destination/destinations.ts'
import { lookUp } from '../lookup/lookup.ts'
import { secretMark } from '../secret/secrets.ts'
import type { Secrets } from '../secret/secrets.ts'
import { secretVariable } from '../template/compile-template.ts'
import type { TemplateValues } from '../template/compile-template.ts'
import type { PreparedObserver, PreparedRuleAction } from './prepared-observer.ts'
import { ruleInput } from './rule-input.ts'
import type { RuleInput } from './rule-input.ts'

/** What attempts are made with. */
export interface AttemptSurroundings {
  readonly destinations: Destinations
  readonly secrets: Secrets
}

const busyMs = 250
const throttled = new Set([408, 425, 429])

/** The values of an action's templates, its look-ups made. */
export async function templateValues(
  action: PreparedRuleAction,
  input: RuleInput,
  signal: AbortSignal,
): Promise<TemplateValues> {
  const missing = action.lookups.filter(({ name }) => !Object.hasOwn(input.lookup, name))
  const { tenant } = input.event
  const lookup = { ...input.lookup, ...(await lookUp(missing, { ...input }, { tenant, signal })) }
  return { ...input, lookup }
}

/** Values that show no secret. */
export function withMaskedSecrets(action: PreparedRuleAction, values: TemplateValues): TemplateValues {
  const masked = [...action.secretNames].map((name) => [name, secretMark])
  return { ...values, [secretVariable]: Object.fromEntries(masked) }
}

function withSecrets(action: PreparedRuleAction, values: TemplateValues, secrets: Secrets): TemplateValues {
  const known = [...action.secretNames].map((name) => {
    const value = secrets.get(name)
    if (value === undefined) throw new ActionError(`the secret ${name} is not there`, { kind: 'transient' })
    return [name, value] as const
  })
  return { ...values, [secretVariable]: Object.fromEntries(known) }
}

function render(action: PreparedRuleAction, values: TemplateValues): unknown {
  try {
    return action.prepared.render(values)
  } catch (error) {
    if (error instanceof ActionError) throw error
    // Rendering is pure: the same event renders no better the next time.
    const text = error instanceof Error ? error.message : String(error)
    throw new ActionError(`could not be rendered: ${text}`, { kind: 'permanent', cause: error })
  }
}

/** What the end of a call says about its destination. */
function outcomeOf(error: unknown, signal: AbortSignal): CallOutcome {
  // Our own time-out is the destination's failure; our own stop is not.
  if (signal.aborted) return signal.reason instanceof ActionError ? 'failure' : 'neutral'
  if (!(error instanceof ActionError)) return 'failure'
  const { kind, statusCode } = error
  if (kind === 'deferred' || (statusCode !== undefined && throttled.has(statusCode))) return 'neutral'
  // Whoever refuses a message is there.
  if (kind === 'permanent') return statusCode === undefined ? 'neutral' : 'success'
  return 'failure'
}

/** The promise, or the signal's reason where that comes first: an action may not heed its signal. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function call(
  destination: Destination | undefined,
  send: () => Promise<ActionReceipt | void>,
  signal: AbortSignal,
): Promise<ActionReceipt | void> {
  try {
    const receipt = await orAborted(send(), signal)
    destination?.report('success')
    return receipt
  } catch (error) {
    destination?.report(outcomeOf(error, signal))
    throw error
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message
}

/** The error as the ledger keeps it: its text without secrets, and nothing of what caused it. */
function redacted(error: unknown, secrets: Secrets): ActionError {
  const message = secrets.redact(textOf(error))
  if (!(error instanceof ActionError)) return new ActionError(message, { kind: 'transient' })
  const { kind, statusCode, retryAfterMs } = error
  return new ActionError(message, { kind, statusCode, retryAfterMs })
}

/**
 * Makes one attempt of an action: looks up, renders, sends. A fixed destination let it begin already; one that the event
 * decides is asked here, and puts it off where it is away or busy.
 *
 * @throws {@link ActionError} without secrets
 */
export async function attemptAction(
  observer: PreparedObserver,
  action: PreparedRuleAction,
  attempt: ActionInput,
  around: AttemptSurroundings,
): Promise<ActionReceipt | void> {
  const { destinations, secrets } = around
  const { signal, idempotencyKey } = attempt
  const { prepared } = action
  let dynamic: Destination | undefined
  try {
    const input = ruleInput(attempt.envelope, observer.isChange)
    const values = await templateValues(action, input, signal)
    const rendered = render(action, withSecrets(action, values, secrets))
    const fixed = prepared.destination
    const host = fixed ?? prepared.destinationOf?.(rendered)
    const destination = host === undefined ? undefined : destinations.at(host)
    if (fixed === undefined && destination !== undefined) {
      if (!destination.take(observer.priority))
        throw new ActionError(`${destination.name} is away or busy`, {
          kind: 'deferred',
          retryAfterMs: destination.waitMs(busyMs),
        })
      dynamic = destination
    }
    const send = async (): Promise<ActionReceipt | void> =>
      await prepared.send(rendered, { idempotencyKey, attempt: attempt.attempt, signal, input })
    return await call(destination, send, signal)
  } catch (error) {
    throw redacted(error, secrets)
  } finally {
    dynamic?.giveBack()
  }
}

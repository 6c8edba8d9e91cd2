import { ConfigurationError, DowncastFailedError, InvalidValueError, isEventType } from '@millrace/contracts'
import type { Envelope, EventDefinitions, EventRegistry } from '@millrace/contracts'

import type { Lift } from '../steps/step.ts'
import type { UpcastHeader } from '../steps/upcast-header.ts'
import type { CheckedDownSteps } from './checked-down-steps.ts'
import { isImpossible } from './downcast-step.ts'
import type { AnyDownStep, AnyDownSteps } from './downcast-step.ts'

/** What {@link defineDowncasters} returns. */
export interface Downcasters {
  /**
   * The event as an older reader knows it: same header, lower schema version, perhaps another type. One that is of this
   * version already comes back itself.
   * @throws {@link DowncastFailedError} where a step refuses or throws, where none leads there, and for an older event
   */
  readonly downcast: (envelope: Envelope, toVersion: number) => Envelope
}

interface DownStep {
  readonly type: string
  readonly version: number
  readonly lower: Lift<unknown>
}

type DownSteps = ReadonlyMap<string, ReadonlyMap<number, DownStep>>

function stepOf(type: string, key: string, step: AnyDownStep | undefined): DownStep {
  const setting = `downcasters.${type}.${key}`
  if (!/^[1-9]\d{0,9}$/.test(key) || key === '1')
    throw new ConfigurationError(setting, 'steps are keyed by the schema version they lower from, 2 or more')
  const from = Number(key)
  if (typeof step === 'function') return { type, version: from - 1, lower: step as Lift<unknown> }
  if (typeof step !== 'object' || step?.kind !== 'becomes')
    throw new ConfigurationError(setting, 'must be a function or becomes()')
  // Every step goes down, so that no chain can go round.
  if (!(step.version >= 1 && step.version < from))
    throw new ConfigurationError(setting, `leads to version ${step.version}, which is not lower`)
  return { type: step.type, version: step.version, lower: step.lift as Lift<unknown> }
}

function stepsOf(given: AnyDownSteps): DownSteps {
  const steps = new Map<string, Map<number, DownStep>>()
  for (const [type, its] of Object.entries(given)) {
    if (!isEventType(type))
      throw new ConfigurationError(`downcasters.${type}`, 'is keyed by something that is no event type')
    const entries = Object.entries(its)
    if (entries.length === 0) throw new ConfigurationError(`downcasters.${type}`, 'has no steps')
    steps.set(type, new Map(entries.map(([key, step]) => [Number(key), stepOf(type, key, step)])))
  }
  return steps
}

/** A step that nothing leads to would never run: the chain above it has a gap. */
function checkReached(steps: DownSteps, current: ReadonlyMap<string, number>): void {
  const reached = new Set([...current].map(([type, version]) => `${type} ${version}`))
  const from = [...steps]
    .flatMap(([type, its]) => [...its].map(([version, step]) => ({ type, version, step })))
    .toSorted((a, b) => b.version - a.version)
  for (const { type, version, step } of from) {
    if (!reached.has(`${type} ${version}`))
      throw new ConfigurationError(
        `downcasters.${type}.${version}`,
        `is never reached: no step leads to ${type} version ${version}, and it is not the current one`,
      )
    reached.add(`${step.type} ${step.version}`)
  }
}

function lower(
  step: DownStep,
  envelope: Envelope,
  at: { readonly event: UpcastHeader; readonly toVersion: number },
): Envelope {
  const { type: eventType, schemaVersion } = envelope
  const place = { eventType, schemaVersion, toVersion: at.toVersion }
  let data
  try {
    data = step.lower(envelope.data, at.event)
  } catch (cause) {
    throw new DowncastFailedError(place, 'its downcaster failed', { cause })
  }
  if (isImpossible(data)) throw new DowncastFailedError(place, data.reason)
  return { ...envelope, type: step.type, schemaVersion: step.version, data }
}

/**
 * Defines how today's events are said in older versions, for readers that were not changed yet: one pure step a version,
 * keyed by the version it lowers from, without gaps from the current one down.
 *
 * @example
 * ```ts
 * const { downcast } = defineDowncasters(Cart, {
 *   PriceSet: { 2: (data: PriceV2) => data.currency === 'EUR' ? { euros: data.cents / 100 } : impossible('version 1 knows euros only') },
 * })
 * ```
 * @throws {@link ConfigurationError} naming the step that is never reached or does not lead down
 */
export function defineDowncasters<D extends EventDefinitions, const S extends AnyDownSteps>(
  events: { readonly $: EventRegistry<D> },
  given: S & CheckedDownSteps<D, S>,
): Downcasters {
  const { $: registry } = events
  const steps = stepsOf(given)
  checkReached(steps, new Map<string, number>(registry.types.map((type) => [type, registry.versionOf(type)])))
  return {
    downcast: (envelope, toVersion) => {
      if (!Number.isSafeInteger(toVersion) || toVersion < 1)
        throw new InvalidValueError('toVersion', 'a whole number from 1 up')
      let lowered = envelope
      while (lowered.schemaVersion > toVersion) {
        const { type: eventType, schemaVersion } = lowered
        const step = steps.get(eventType)?.get(schemaVersion)
        if (step === undefined)
          throw new DowncastFailedError({ eventType, schemaVersion, toVersion }, 'no downcaster leads there')
        lowered = lower(step, lowered, { event: envelope, toVersion })
      }
      if (lowered.schemaVersion === toVersion) return lowered
      const { type: eventType, schemaVersion } = envelope
      throw new DowncastFailedError(
        { eventType, schemaVersion, toVersion },
        lowered === envelope ? 'it is older' : 'no downcaster leads there',
      )
    },
  }
}

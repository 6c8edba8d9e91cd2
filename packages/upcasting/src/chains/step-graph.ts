import { ConfigurationError, isEventType } from '@millrace/contracts'

import type { AnyStep, AnySteps } from '../steps/step.ts'

/** An event type at one of its schema versions. */
export interface Place {
  readonly type: string
  readonly version: number
}

/** Steps by type and version, and the version at which each defined type is current. */
export interface StepGraph {
  readonly steps: ReadonlyMap<string, ReadonlyMap<number, AnyStep>>
  readonly current: ReadonlyMap<string, number>
}

/** How errors name a place. */
export function placeName({ type, version }: Place): string {
  return `${type} version ${version}`
}

/** The step that lifts from a place. */
export function stepAt({ steps }: StepGraph, { type, version }: Place): AnyStep | undefined {
  return steps.get(type)?.get(version)
}

/** True where a type is defined with this version: a chain ends there. */
export function isCurrent({ current }: StepGraph, { type, version }: Place): boolean {
  return current.get(type) === version
}

/** Where a step leads from a place, as far as its definition tells: everywhere. */
export function targetsOf(step: AnyStep, { type, version }: Place): readonly Place[] {
  if (typeof step === 'function') return [{ type, version: version + 1 }]
  if (step.kind === 'becomes') return [{ type: step.type, version: step.version }]
  if (step.kind !== 'splits') return []
  return Object.entries(step.targets).map(([target, its]) => ({ type: target, version: its }))
}

const isVersion = (version: unknown): boolean => Number.isSafeInteger(version) && Number(version) >= 1

/** What a step needs to be run; a `becomes` without its function would drop its events in silence. */
const complete: Readonly<Record<string, (step: Readonly<Record<string, unknown>>) => boolean>> = {
  becomes: ({ type, version, lift }) =>
    typeof type === 'string' && isVersion(version) && typeof lift === 'function',
  splits: ({ targets, lift }) =>
    typeof targets === 'object' &&
    targets !== null &&
    Object.values(targets).every((version) => isVersion(version)) &&
    typeof lift === 'function',
  drops: () => true,
  unrecorded: () => true,
}

/** Code without types may give anything. */
function isStep(step: unknown): step is AnyStep {
  if (typeof step === 'function') return true
  if (typeof step !== 'object' || step === null) return false
  const { kind } = step as { readonly kind?: unknown }
  if (typeof kind !== 'string' || !Object.hasOwn(complete, kind)) return false
  return complete[kind]?.(step as Readonly<Record<string, unknown>>) === true
}

function stepsOf(type: string, given: AnySteps[string]): ReadonlyMap<number, AnyStep> {
  const steps = new Map<number, AnyStep>()
  for (const [key, step] of Object.entries(given ?? {})) {
    const setting = `upcasters.${type}.${key}`
    // Only a whole number is a version; `1.5` and `01` would never be found.
    if (!/^[1-9]\d{0,9}$/.test(key))
      throw new ConfigurationError(setting, 'steps are keyed by the schema version they lift from')
    if (!isStep(step))
      throw new ConfigurationError(setting, 'must be a function, becomes(), splits(), drops or unrecorded')
    steps.set(Number(key), step)
  }
  if (steps.size === 0) throw new ConfigurationError(`upcasters.${type}`, 'has no steps')
  return steps
}

/** @throws {@link ConfigurationError} for keys that are no types or versions and values that are no steps */
export function createStepGraph(current: ReadonlyMap<string, number>, given: AnySteps): StepGraph {
  const steps = new Map<string, ReadonlyMap<number, AnyStep>>()
  for (const [type, its] of Object.entries(given)) {
    if (!isEventType(type))
      throw new ConfigurationError(`upcasters.${type}`, 'is keyed by something that is no event type')
    steps.set(type, stepsOf(type, its))
  }
  return { steps, current }
}

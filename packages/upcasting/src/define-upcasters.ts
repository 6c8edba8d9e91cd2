import type { Envelope, EventDefinitions, EventRegistry, Events, NewEventOf } from '@millrace/contracts'

import { checkGraph } from './chains/check-graph.ts'
import { compileChains } from './chains/compile-chains.ts'
import { createStepGraph, stepAt, targetsOf } from './chains/step-graph.ts'
import type { Place, StepGraph } from './chains/step-graph.ts'
import { createUpcasting } from './chains/upcasting.ts'
import type { TypeChains, Upcasting } from './chains/upcasting.ts'
import { migrate, migrateAll } from './legacy/migrate.ts'
import type { LegacyRecord, MigrateOptions, MigratedBatch } from './legacy/migrate.ts'
import type { CheckedSteps } from './steps/checked-steps.ts'
import type { AnySteps } from './steps/step.ts'

/** What {@link defineUpcasters} returns. */
export interface Upcasters<D extends EventDefinitions> extends Upcasting {
  /**
   * A payload of an old version as new events of today's, validated; none where it is dropped.
   * @throws {@link UnknownEventVersionError} for a type or version without a chain
   * @throws {@link UpcasterFailedError} {@link EventSerializationError}
   */
  migrateToCurrent(type: string, data: unknown, options?: MigrateOptions): readonly NewEventOf<Events<D>>[]
  /** The same for many; what fails stays beside the others, with its reason. */
  migrateBatch(records: readonly LegacyRecord[]): MigratedBatch<NewEventOf<Events<D>>>
}

/** The types at which the chains from a type end. */
function endsOf(graph: StepGraph, type: string): ReadonlySet<string> {
  const ends = new Set(graph.current.has(type) ? [type] : [])
  const seen = new Set<string>()
  const open: Place[] = [...(graph.steps.get(type)?.keys() ?? [])].map((version) => ({ type, version }))
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const name = `${place.type} ${place.version}`
    if (seen.has(name)) continue
    seen.add(name)
    const step = graph.current.get(place.type) === place.version ? undefined : stepAt(graph, place)
    if (step === undefined) ends.add(place.type)
    else open.push(...targetsOf(step, place))
  }
  return ends
}

/**
 * Defines how recorded events of older schema versions become what is defined today: one pure step a version, keyed by
 * the version it lifts from. A gap, a step that does not fit the next one or the current schema, and an unknown target do
 * not compile, and are refused here too.
 *
 * @example
 * ```ts
 * const upcasters = defineUpcasters(Cart, {
 *   ItemAdded: {
 *     1: (data: AddedV1) => ({ sku: data.article, quantity: 1 }),
 *     2: (data: AddedV2): AddedV3 => ({ ...data, currency: 'EUR' }),
 *   },
 * })
 * const decode = createEventDecoder({ upcast: upcasters.upcast })
 * ```
 * @throws {@link ConfigurationError} naming the step: a gap, a loop, a target that is neither current nor lifted on
 */
export function defineUpcasters<D extends EventDefinitions, const S extends AnySteps>(
  events: { readonly $: EventRegistry<D> },
  steps: S & CheckedSteps<D, S>,
): Upcasters<D> {
  const { $: registry } = events
  const current = new Map<string, number>(registry.types.map((type) => [type, registry.versionOf(type)]))
  const graph = createStepGraph(current, steps)
  checkGraph(graph)
  const compiled = compileChains(graph)
  const parse = (envelope: Envelope): Envelope => registry.parse(envelope)
  const types = [...new Set([...current.keys(), ...graph.steps.keys()])].map((type): [string, TypeChains] => [
    type,
    {
      current: current.get(type),
      chains: compiled.get(type) ?? new Map(),
      endsAs: endsOf(graph, type),
      parse,
    },
  ])
  const upcasting = createUpcasting(new Map(types))
  return {
    ...upcasting,
    migrateToCurrent: (type, data, options = {}) =>
      migrate(upcasting, { ...options, type, data }) as readonly NewEventOf<Events<D>>[],
    migrateBatch: (records) => migrateAll(upcasting, records) as MigratedBatch<NewEventOf<Events<D>>>,
  }
}

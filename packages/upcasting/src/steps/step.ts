import type { UpcastHeader } from './upcast-header.ts'

/** Turns the data of one schema version into that of another. Pure: data and header come in, nothing else. */
export type Lift<In = never, Out = unknown> = (data: In, event: UpcastHeader) => Out

/** A step into another type, or over several versions of its own. See {@link becomes}. */
export interface Becomes<Type extends string, Version extends number, In, Out> {
  readonly kind: 'becomes'
  readonly type: Type
  readonly version: Version
  readonly lift: Lift<In, Out>
}

/** The types a split leads to, each with the schema version of its parts. */
export type SplitTargets = Readonly<Record<string, number>>

/** One part of a split. */
export interface SplitPart<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly data: Data
}

/** A step into any number of events. See {@link splits}. */
export interface Splits<Targets extends SplitTargets, In, Part> {
  readonly kind: 'splits'
  readonly targets: Targets
  readonly lift: Lift<In, readonly Part[]>
}

/** See {@link drops}. */
export interface Drops {
  readonly kind: 'drops'
}

/** See {@link unrecorded}. */
export interface Unrecorded {
  readonly kind: 'unrecorded'
}

/** Any step, whatever it takes and gives. */
export type AnyStep =
  | Lift
  | Becomes<string, number, never, unknown>
  | Splits<SplitTargets, never, unknown>
  | Drops
  | Unrecorded

/** Steps by event type and by the schema version they lift from. */
export type AnySteps = Readonly<Record<string, Readonly<Record<number, AnyStep>>>>

/**
 * The step of a retired type: its events are read as another type, at any version of that one (further steps lift it
 * on). Also for a step over several versions of the same type.
 *
 * @example
 * ```ts
 * PersonDeactivated: { 1: becomes('PersonSuspended', 2, (data: DeactivatedV1) => ({ reason: data.why })) }
 * ```
 */
export function becomes<const Type extends string, const Version extends number, In, Out>(
  type: Type,
  version: Version,
  lift: Lift<In, Out>,
): Becomes<Type, Version, In, Out> {
  return { kind: 'becomes', type, version, lift }
}

/**
 * The step of an event that says several things at once, or sometimes nothing: each part goes on by itself, none at all
 * drops the event. Targets are declared, so that a chain is known before the first event comes.
 *
 * @example
 * ```ts
 * PersonUpdated: {
 *   1: splits({ NameUpdated: 2, BirthDateSet: 1 }, (data: UpdatedV1) => [
 *     part('NameUpdated', { name: data.name }),
 *     part('BirthDateSet', { date: data.born }),
 *   ]),
 * }
 * ```
 */
export function splits<
  const Targets extends SplitTargets,
  In,
  Parts extends readonly SplitPart<keyof Targets & string>[],
>(targets: Targets, lift: Lift<In, Parts>): Splits<Targets, In, Parts[number]> {
  return { kind: 'splits', targets, lift }
}

/** One part of a split; the compiler sees its type literally, which in an object it would widen to `string`. */
export function part<const Type extends string, Data>(type: Type, data: Data): SplitPart<Type, Data> {
  return { type, data }
}

/** The step of events that mean nothing any more: 1 -> 0. */
export const drops: Drops = Object.freeze({ kind: 'drops' })

/** In the place of a step: no event of this schema version was ever recorded, so that one found is an error. */
export const unrecorded: Unrecorded = Object.freeze({ kind: 'unrecorded' })

import { UpcasterFailedError } from '@millrace/contracts'

import type { Lift, SplitPart, SplitTargets } from '../steps/step.ts'
import type { UpcastHeader } from '../steps/upcast-header.ts'
import type { Place } from './step-graph.ts'

/** Data at a schema version. */
export interface VersionedData {
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
}

type Run<Result> = (data: unknown, event: UpcastHeader) => Result

/** The way from one version of a type to what it is today. */
export type Chain =
  | { readonly kind: 'one'; readonly end: Place; readonly run: Run<unknown> }
  | { readonly kind: 'many'; readonly run: Run<readonly VersionedData[]> }
  | { readonly kind: 'unrecorded' }

/** Steps that follow each other, each with the place it lifts from. */
export interface Segment {
  readonly places: readonly Place[]
  readonly lifts: readonly Lift<unknown>[]
}

/** A split at the end of a segment. */
export interface SplitStep {
  readonly place: Place
  readonly targets: SplitTargets
  readonly lift: Lift<unknown>
}

/** The id where one is known; the header of data outside of a store has a getter that throws. */
function idOf(event: UpcastHeader): string | undefined {
  return Object.getOwnPropertyDescriptor(event, 'id')?.get === undefined ? event.id : undefined
}

function failure(place: Place | undefined, event: UpcastHeader, cause: unknown): UpcasterFailedError {
  const { type: eventType, version: schemaVersion } = place ?? { ...event, version: event.schemaVersion }
  return new UpcasterFailedError({ eventType, schemaVersion, eventId: idOf(event) }, { cause })
}

type Steps = Pick<Segment, 'places' | 'lifts'>

function runOne({ places, lifts }: Steps): Run<unknown> {
  const [first] = lifts as readonly [Lift<unknown>]
  return (data, event) => {
    try {
      return first(data, event)
    } catch (cause) {
      throw failure(places[0], event, cause)
    }
  }
}

function runTwo({ places, lifts }: Steps): Run<unknown> {
  const [first, second] = lifts as readonly [Lift<unknown>, Lift<unknown>]
  return (data, event) => {
    let at = 0
    try {
      const lifted = first(data, event)
      at = 1
      return second(lifted, event)
    } catch (cause) {
      throw failure(places[at], event, cause)
    }
  }
}

function runThree({ places, lifts }: Steps): Run<unknown> {
  const [first, second, third] = lifts as readonly [Lift<unknown>, Lift<unknown>, Lift<unknown>]
  return (data, event) => {
    let at = 0
    try {
      const once = first(data, event)
      at = 1
      const twice = second(once, event)
      at = 2
      return third(twice, event)
    } catch (cause) {
      throw failure(places[at], event, cause)
    }
  }
}

/** A loop, so that a chain may be longer than the call stack. */
function runMany({ places, lifts }: Steps, start: number): Run<unknown> {
  return (data, event) => {
    let lifted = data
    let at = start
    try {
      for (; at < lifts.length; at++) {
        const lift = lifts[at] as Lift<unknown>
        lifted = lift(lifted, event)
      }
    } catch (cause) {
      throw failure(places[at], event, cause)
    }
    return lifted
  }
}

const written = [undefined, runOne, runTwo, runThree]

/**
 * Calls the steps of a segment from one of them on. Nearly all chains have up to three steps: written out, these take
 * less time than the loop (decision 0200).
 */
export function runSegment(segment: Segment, start: number): Run<unknown> {
  const run = written[segment.lifts.length - start]
  if (run === undefined) return runMany(segment, start)
  return run({ places: segment.places.slice(start), lifts: segment.lifts.slice(start) })
}

function checkParts(parts: unknown, targets: SplitTargets): asserts parts is readonly SplitPart[] {
  if (!Array.isArray(parts)) throw new TypeError('a split returns a list of parts')
  for (const part of parts as readonly unknown[])
    if (
      typeof part !== 'object' ||
      part === null ||
      !('type' in part && typeof part.type === 'string' && Object.hasOwn(targets, part.type))
    )
      throw new TypeError(`each part of a split has one of the types ${Object.keys(targets).join(', ')}`)
}

/** Runs a split, and gives each part on. */
export function runSplit(
  { place, targets, lift }: SplitStep,
  goOn: (part: VersionedData, event: UpcastHeader) => readonly VersionedData[],
): Run<readonly VersionedData[]> {
  return (data, event) => {
    let parts: unknown
    try {
      parts = lift(data, event)
      checkParts(parts, targets)
    } catch (cause) {
      throw failure(place, event, cause)
    }
    return parts.flatMap(({ type, data: its }) =>
      goOn({ type, schemaVersion: targets[type] ?? 1, data: its }, event),
    )
  }
}

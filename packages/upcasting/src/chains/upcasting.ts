import { ConfigurationError, UnknownEventVersionError } from '@millrace/contracts'
import type { Envelope, EventId, UpcastHook } from '@millrace/contracts'

import { headerOf } from '../steps/upcast-header.ts'
import type { KnownHeader } from '../steps/upcast-header.ts'
import type { Chain, VersionedData } from './chain.ts'

/** Everything known of one type. */
export interface TypeChains {
  /** Its version today; undefined once it is retired. */
  readonly current: number | undefined
  readonly chains: ReadonlyMap<number, Chain>
  /** The types an event of this one may be read as. */
  readonly endsAs: ReadonlySet<string>
  /** Validates data of the current version. */
  readonly parse: (envelope: Envelope) => Envelope
}

/** How a type at a version relates to what is defined today. */
export type Standing = 'current' | 'older' | 'unknown-version' | 'unknown-type'

/** What {@link Upcasting.lift} takes. */
export interface LiftRequest extends VersionedData {
  /** What the steps may read beside the data; another field is an error for the step that reads it. */
  readonly header?: KnownHeader
}

/** Chains that lift recorded events to what is defined today. */
export interface Upcasting {
  /**
   * For `createEventDecoder` and `defineApp`. A current event comes back itself, one of an unknown type too (a log holds
   * the events of several contexts); the parts of a split share the version and have the ids `<id>#<index>`.
   * @throws {@link UnknownEventVersionError} for a known type at a version without a chain
   * @throws {@link UpcasterFailedError} naming the step that threw
   */
  readonly upcast: UpcastHook
  /** The same on bare data: what it becomes, in order; nothing where it is dropped. Not validated. */
  lift(request: LiftRequest): readonly VersionedData[]
  standing(type: string, schemaVersion: number): Standing
  /** The types under which the events lie that may be read as one of the given ones: what a filter of a log needs. */
  storedTypes(types: readonly string[]): readonly string[]
  /** What {@link combineUpcasters} joins. */
  readonly types: ReadonlyMap<string, TypeChains>
}

function liftedEnvelope(envelope: Envelope, type: string, schemaVersion: number, data: unknown): Envelope {
  // Field by field: a spread takes twice as long, and every old event pays it.
  return {
    id: envelope.id,
    streamId: envelope.streamId,
    type,
    schemaVersion,
    version: envelope.version,
    position: envelope.position,
    commitId: envelope.commitId,
    occurredAt: envelope.occurredAt,
    recordedAt: envelope.recordedAt,
    metadata: envelope.metadata,
    tags: envelope.tags,
    bucket: envelope.bucket,
    data,
  }
}

function partsOf(envelope: Envelope, lifted: readonly VersionedData[]): readonly Envelope[] {
  return lifted.map(({ type, schemaVersion, data }, index) => ({
    ...liftedEnvelope(envelope, type, schemaVersion, data),
    id: `${envelope.id}#${index}` as EventId,
    part: { index, count: lifted.length },
  }))
}

function chainOf(
  known: TypeChains,
  type: string,
  schemaVersion: number,
): Exclude<Chain, { kind: 'unrecorded' }> {
  const chain = known.chains.get(schemaVersion)
  if (chain === undefined || chain.kind === 'unrecorded')
    throw new UnknownEventVersionError(type, schemaVersion)
  return chain
}

function createHook(
  types: ReadonlyMap<string, TypeChains>,
  storedTypes: (types: readonly string[]) => readonly string[],
): UpcastHook {
  const upcast = (envelope: Envelope): Envelope | readonly Envelope[] => {
    const { type, schemaVersion } = envelope
    const known = types.get(type)
    if (known === undefined || known.current === schemaVersion) return envelope
    const chain = chainOf(known, type, schemaVersion)
    if (chain.kind === 'many') return partsOf(envelope, chain.run(envelope.data, envelope))
    return liftedEnvelope(envelope, chain.end.type, chain.end.version, chain.run(envelope.data, envelope))
  }
  const validate = (envelope: Envelope): void => void types.get(envelope.type)?.parse(envelope)
  return Object.assign(upcast, { storedTypes, validate })
}

function standingIn(types: ReadonlyMap<string, TypeChains>, type: string, schemaVersion: number): Standing {
  const known = types.get(type)
  if (known === undefined) return 'unknown-type'
  if (known.current === schemaVersion) return 'current'
  const chain = known.chains.get(schemaVersion)
  return chain === undefined || chain.kind === 'unrecorded' ? 'unknown-version' : 'older'
}

/** @internal */
export function createUpcasting(types: ReadonlyMap<string, TypeChains>): Upcasting {
  const storedTypes = (wanted: readonly string[]): readonly string[] => {
    const foreign = wanted.filter((type) => !types.has(type))
    const own = [...types].filter(([, { endsAs }]) => wanted.some((type) => endsAs.has(type)))
    return [...new Set([...own.map(([type]) => type), ...foreign])]
  }
  return {
    types,
    upcast: createHook(types, storedTypes),
    lift: ({ type, schemaVersion, data, header }) => {
      const known = types.get(type)
      if (known === undefined || known.current === schemaVersion) return [{ type, schemaVersion, data }]
      const chain = chainOf(known, type, schemaVersion)
      const lifted = chain.run(data, headerOf(type, schemaVersion, header))
      if (chain.kind === 'many') return lifted as readonly VersionedData[]
      return [{ type: chain.end.type, schemaVersion: chain.end.version, data: lifted }]
    },
    standing: (type, schemaVersion) => standingIn(types, type, schemaVersion),
    storedTypes,
  }
}

/**
 * Joins the chains of several definitions whose events lie in one log.
 * @throws {@link ConfigurationError} for a type that two of them know
 */
export function combineUpcasters(...parts: readonly Upcasting[]): Upcasting {
  const types = new Map<string, TypeChains>()
  for (const part of parts)
    for (const [type, chains] of part.types) {
      if (types.has(type))
        throw new ConfigurationError('upcasters', `${type} is defined or has steps in two of them`)
      types.set(type, chains)
    }
  return createUpcasting(types)
}

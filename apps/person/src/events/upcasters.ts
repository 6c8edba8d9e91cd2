import { becomes, defineUpcasters, part, splits, unrecorded } from '@millrace/upcasting'
import type { UpcastHeader } from '@millrace/upcasting'

import type { MetadataV2, MetadataV3 } from './metadata.ts'
import { Person } from './person-events.ts'
import { PersonV1 } from './v1.ts'
import type { DataV1, PersonEventV1 } from './v1.ts'
import type { DataV2 } from './v2.ts'
import type { MergeReason } from './values.ts'

/**
 * The first generation said only when; who and why of what stands beside the event. Nothing is made up: what is not
 * known is null.
 */
function metadataV2(timestamp: string, { metadata }: UpcastHeader): MetadataV2 {
  return {
    version: 2,
    correlation_id: metadata.correlationId ?? null,
    causation_id: metadata.causationId ?? null,
    timestamp,
    actor: metadata.actor?.id ?? null,
    context: {},
  }
}

/** Some systems of the second generation had put system and import into the context, for want of a field. */
function metadataV3({ context, ...common }: MetadataV2): MetadataV3 {
  const { source_system = null, import_id = null, ...rest } = context
  return { ...common, version: 3, context: rest, source_system, import_id }
}

/** The bodies did not change from the second to the third generation. */
function toV3<Data extends { readonly metadata: MetadataV2 }>(
  data: Data,
): Omit<Data, 'metadata'> & { metadata: MetadataV3 } {
  return { ...data, metadata: metadataV3(data.metadata) }
}

const mergeReasonOf: Readonly<Record<DataV1<'PersonMergedInto'>['merge_reason'], MergeReason>> = {
  DuplicateIdentity: 'duplicate-identity',
  DataQuality: 'data-quality',
  UserRequested: 'user-requested',
  PolicyDetermined: 'policy-determined',
}

/**
 * What the first generation wrote was checked by systems that are gone; what is broken is named here, before anything is
 * made of it.
 */
function fromV1<Kind extends PersonEventV1['type'], To>(
  kind: Kind,
  lift: (data: DataV1<Kind>, event: UpcastHeader) => To,
): (data: DataV1<Kind>, event: UpcastHeader) => To {
  const create = PersonV1[kind] as unknown as (data: DataV1<Kind>) => { readonly data: DataV1<Kind> }
  return (data, event) => lift(create(data).data, event)
}

/** One event that said several things becomes an event for each; one that said nothing becomes none. */
function splitUpdate({ name, birth_date, updated_at }: DataV1<'PersonUpdated'>, header: UpcastHeader) {
  const metadata = metadataV2(updated_at, header)
  const renamed =
    name === undefined
      ? []
      : [part('NameUpdated', { old_name: name.old, new_name: name.new, change_reason: null, metadata })]
  const born = birth_date === undefined ? [] : [part('BirthDateSet', { birth_date, metadata })]
  return [...renamed, ...born]
}

/** Lifts what was ever recorded of a person to the events of today. */
export const personUpcasters = defineUpcasters(Person, {
  PersonCreated: {
    1: fromV1('PersonCreated', ({ created_at, ...body }, event): DataV2<'PersonCreated'> => ({
      ...body,
      metadata: metadataV2(created_at, event),
    })),
    2: (data: DataV2<'PersonCreated'>) => toV3(data),
  },
  NameUpdated: {
    1: fromV1('NameUpdated', ({ reason, updated_at, ...body }, event): DataV2<'NameUpdated'> => ({
      ...body,
      change_reason: reason,
      metadata: metadataV2(updated_at, event),
    })),
    2: (data: DataV2<'NameUpdated'>) => toV3(data),
  },
  PersonUpdated: { 1: splits({ NameUpdated: 2, BirthDateSet: 2 }, fromV1('PersonUpdated', splitUpdate)) },
  BirthDateSet: {
    1: fromV1('BirthDateSet', ({ birth_date, set_at }, event): DataV2<'BirthDateSet'> => ({
      birth_date,
      metadata: metadataV2(set_at, event),
    })),
    2: (data: DataV2<'BirthDateSet'>) => toV3(data),
  },
  DeathRecorded: {
    1: fromV1('DeathRecorded', ({ date_of_death, recorded_at }, event): DataV2<'DeathRecorded'> => ({
      date_of_death,
      metadata: metadataV2(recorded_at, event),
    })),
    2: (data: DataV2<'DeathRecorded'>) => toV3(data),
  },
  PersonDeactivated: {
    1: becomes(
      'PersonSuspended',
      2,
      fromV1('PersonDeactivated', ({ reason, deactivated_at }, event): DataV2<'PersonSuspended'> => ({
        reason,
        metadata: metadataV2(deactivated_at, event),
      })),
    ),
  },
  PersonReactivated: {
    1: becomes(
      'PersonActivated',
      2,
      fromV1('PersonReactivated', ({ reason, reactivated_at }, event): DataV2<'PersonActivated'> => ({
        change_reason: reason,
        metadata: metadataV2(reactivated_at, event),
      })),
    ),
  },
  PersonMergedInto: {
    1: becomes(
      'PersonMerged',
      2,
      fromV1(
        'PersonMergedInto',
        ({ merged_into, merge_reason, merged_at }, event): DataV2<'PersonMerged'> => ({
          merged_into,
          merge_reason: mergeReasonOf[merge_reason],
          metadata: metadataV2(merged_at, event),
        }),
      ),
    ),
  },
  PersonSuspended: { 1: unrecorded, 2: (data: DataV2<'PersonSuspended'>) => toV3(data) },
  PersonActivated: { 1: unrecorded, 2: (data: DataV2<'PersonActivated'>) => toV3(data) },
  PersonMerged: { 1: unrecorded, 2: (data: DataV2<'PersonMerged'>) => toV3(data) },
  PersonArchived: { 1: unrecorded, 2: (data: DataV2<'PersonArchived'>) => toV3(data) },
  AttributeRecorded: {
    1: fromV1('AttributeRecorded', ({ attribute, recorded_at }, event): DataV2<'AttributeRecorded'> => ({
      attribute,
      metadata: metadataV2(recorded_at, event),
    })),
    2: (data: DataV2<'AttributeRecorded'>) => toV3(data),
  },
  AttributeUpdated: {
    1: fromV1('AttributeUpdated', ({ updated_at, ...body }, event): DataV2<'AttributeUpdated'> => ({
      ...body,
      change_reason: null,
      metadata: metadataV2(updated_at, event),
    })),
    2: (data: DataV2<'AttributeUpdated'>) => toV3(data),
  },
  AttributeInvalidated: {
    1: fromV1(
      'AttributeInvalidated',
      ({ invalidated_at, ...body }, event): DataV2<'AttributeInvalidated'> => ({
        ...body,
        metadata: metadataV2(invalidated_at, event),
      }),
    ),
    2: (data: DataV2<'AttributeInvalidated'>) => toV3(data),
  },
  ComponentRegistered: { 1: unrecorded, 2: (data: DataV2<'ComponentRegistered'>) => toV3(data) },
  ComponentAdded: { 1: unrecorded, 2: (data: DataV2<'ComponentAdded'>) => toV3(data) },
  ComponentUpdated: { 1: unrecorded, 2: (data: DataV2<'ComponentUpdated'>) => toV3(data) },
  ComponentRemoved: { 1: unrecorded, 2: (data: DataV2<'ComponentRemoved'>) => toV3(data) },
})

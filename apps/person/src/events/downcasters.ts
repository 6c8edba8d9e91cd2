import { becomes, defineDowncasters, impossible } from '@millrace/upcasting'

import type { MetadataV2, MetadataV3 } from './metadata.ts'
import { Person } from './person-events.ts'
import type { PersonData } from './person-events.ts'
import type { DataV1 } from './v1.ts'
import type { DataV2 } from './v2.ts'
import type { MergeReason } from './values.ts'

/** What the third generation has fields for lies in the context again. */
function metadataV2({ source_system, import_id, context, ...common }: MetadataV3): MetadataV2 {
  return {
    ...common,
    version: 2,
    context: {
      ...context,
      ...(source_system === null ? {} : { source_system }),
      ...(import_id === null ? {} : { import_id }),
    },
  }
}

function toV2<Data extends { readonly metadata: MetadataV3 }>(
  data: Data,
): Omit<Data, 'metadata'> & { metadata: MetadataV2 } {
  return { ...data, metadata: metadataV2(data.metadata) }
}

const mergeReasonOf: Readonly<Record<MergeReason, DataV1<'PersonMergedInto'>['merge_reason']>> = {
  'duplicate-identity': 'DuplicateIdentity',
  'data-quality': 'DataQuality',
  'user-requested': 'UserRequested',
  'policy-determined': 'PolicyDetermined',
}

const noComponents = (): ReturnType<typeof impossible> => impossible('the first generation has no components')

/** Gives readers of earlier generations what was written after them, as far as they have words for it. */
export const personDowncasters = defineDowncasters(Person, {
  PersonCreated: {
    3: (data: PersonData<'PersonCreated'>) => toV2(data),
    2: ({ metadata, ...body }: DataV2<'PersonCreated'>): DataV1<'PersonCreated'> => ({
      ...body,
      created_at: metadata.timestamp,
    }),
  },
  NameUpdated: {
    3: (data: PersonData<'NameUpdated'>) => toV2(data),
    2: ({ metadata, change_reason, ...body }: DataV2<'NameUpdated'>): DataV1<'NameUpdated'> => ({
      ...body,
      reason: change_reason,
      updated_at: metadata.timestamp,
    }),
  },
  BirthDateSet: {
    3: (data: PersonData<'BirthDateSet'>) => toV2(data),
    2: ({ metadata, ...body }: DataV2<'BirthDateSet'>): DataV1<'BirthDateSet'> => ({
      ...body,
      set_at: metadata.timestamp,
    }),
  },
  DeathRecorded: {
    3: (data: PersonData<'DeathRecorded'>) => toV2(data),
    2: ({ metadata, ...body }: DataV2<'DeathRecorded'>): DataV1<'DeathRecorded'> => ({
      ...body,
      recorded_at: metadata.timestamp,
    }),
  },
  PersonSuspended: {
    3: (data: PersonData<'PersonSuspended'>) => toV2(data),
    2: becomes(
      'PersonDeactivated',
      1,
      ({ reason, metadata }: DataV2<'PersonSuspended'>): DataV1<'PersonDeactivated'> => ({
        reason,
        deactivated_at: metadata.timestamp,
      }),
    ),
  },
  PersonActivated: {
    3: (data: PersonData<'PersonActivated'>) => toV2(data),
    2: becomes(
      'PersonReactivated',
      1,
      ({ change_reason, metadata }: DataV2<'PersonActivated'>): DataV1<'PersonReactivated'> => ({
        reason: change_reason,
        reactivated_at: metadata.timestamp,
      }),
    ),
  },
  PersonMerged: {
    3: (data: PersonData<'PersonMerged'>) => toV2(data),
    2: becomes(
      'PersonMergedInto',
      1,
      ({ merged_into, merge_reason, metadata }: DataV2<'PersonMerged'>): DataV1<'PersonMergedInto'> => ({
        merged_into,
        merge_reason: mergeReasonOf[merge_reason],
        merged_at: metadata.timestamp,
      }),
    ),
  },
  PersonArchived: {
    3: (data: PersonData<'PersonArchived'>) => toV2(data),
    2: () => impossible('the first generation cannot tell archived from deactivated, which may end'),
  },
  AttributeRecorded: {
    3: (data: PersonData<'AttributeRecorded'>) => toV2(data),
    2: ({ attribute, metadata }: DataV2<'AttributeRecorded'>): DataV1<'AttributeRecorded'> => ({
      attribute,
      recorded_at: metadata.timestamp,
    }),
  },
  AttributeUpdated: {
    3: (data: PersonData<'AttributeUpdated'>) => toV2(data),
    2: ({ old, new: updated, metadata }: DataV2<'AttributeUpdated'>): DataV1<'AttributeUpdated'> => ({
      old,
      new: updated,
      updated_at: metadata.timestamp,
    }),
  },
  AttributeInvalidated: {
    3: (data: PersonData<'AttributeInvalidated'>) => toV2(data),
    2: ({ metadata, ...body }: DataV2<'AttributeInvalidated'>): DataV1<'AttributeInvalidated'> => ({
      ...body,
      invalidated_at: metadata.timestamp,
    }),
  },
  ComponentRegistered: {
    3: (data: PersonData<'ComponentRegistered'>) => toV2(data),
    2: noComponents,
  },
  ComponentAdded: { 3: (data: PersonData<'ComponentAdded'>) => toV2(data), 2: noComponents },
  ComponentUpdated: { 3: (data: PersonData<'ComponentUpdated'>) => toV2(data), 2: noComponents },
  ComponentRemoved: { 3: (data: PersonData<'ComponentRemoved'>) => toV2(data), 2: noComponents },
})

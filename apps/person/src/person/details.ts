import { invalidateAttribute, recordAttribute, updateAttribute } from '../attributes/attribute-record.ts'
import type { AttributeRecord } from '../attributes/attribute-record.ts'
import type { PersonData } from '../events/person-events.ts'
import type { PersonDetails } from './person-state.ts'

function withAttribute(
  details: PersonDetails,
  id: string,
  change: (record: AttributeRecord) => AttributeRecord,
): PersonDetails {
  const attributes = details.attributes.map((record) => (record.id === id ? change(record) : record))
  return { ...details, attributes }
}

/** What is known of a person after an event, where that changes what is known. */
export const detailsAfter = {
  PersonCreated: ({ name, source }: PersonData<'PersonCreated'>): PersonDetails => ({
    name,
    source,
    birthDate: null,
    attributes: [],
    componentTypes: [],
    components: [],
  }),
  NameUpdated: (details: PersonDetails, { new_name }: PersonData<'NameUpdated'>): PersonDetails => ({
    ...details,
    name: new_name,
  }),
  BirthDateSet: (details: PersonDetails, { birth_date }: PersonData<'BirthDateSet'>): PersonDetails => ({
    ...details,
    birthDate: birth_date,
  }),
  AttributeRecorded: (
    details: PersonDetails,
    { attribute }: PersonData<'AttributeRecorded'>,
  ): PersonDetails => ({
    ...details,
    attributes: [...details.attributes, recordAttribute(attribute)],
  }),
  AttributeUpdated: (details: PersonDetails, data: PersonData<'AttributeUpdated'>): PersonDetails =>
    withAttribute(details, data.new.attribute_id, (record) => updateAttribute(record, data.new)),
  AttributeInvalidated: (details: PersonDetails, data: PersonData<'AttributeInvalidated'>): PersonDetails =>
    withAttribute(details, data.attribute_id, (record) => invalidateAttribute(record, data.invalid_from)),
  ComponentRegistered: (
    details: PersonDetails,
    { component_type }: PersonData<'ComponentRegistered'>,
  ): PersonDetails => ({ ...details, componentTypes: [...details.componentTypes, component_type] }),
  ComponentAdded: (details: PersonDetails, { component }: PersonData<'ComponentAdded'>): PersonDetails => ({
    ...details,
    components: [...details.components, component],
  }),
  ComponentUpdated: (details: PersonDetails, data: PersonData<'ComponentUpdated'>): PersonDetails => ({
    ...details,
    components: details.components.map((component) =>
      component.component_id === data.new.component_id ? data.new : component,
    ),
  }),
  ComponentRemoved: (
    details: PersonDetails,
    { component_id }: PersonData<'ComponentRemoved'>,
  ): PersonDetails => ({
    ...details,
    components: details.components.filter((component) => component.component_id !== component_id),
  }),
} as const

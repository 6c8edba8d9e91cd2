import { Person } from '../events/person-events.ts'
import type { CommandOf } from './commands.ts'
import { metadataFrom } from './issued-metadata.ts'
import { attributeOf, componentOf } from './lookups.ts'
import type { PersonDetails } from './person-state.ts'

interface Known {
  readonly details: PersonDetails
}

/** What a command that is not refused leads to. */
export const facts = {
  createPerson: (_: unknown, { name, source, issued }: CommandOf<'createPerson'>) =>
    Person.PersonCreated({ name, source, metadata: metadataFrom(issued) }),
  updateName: ({ details }: Known, { name, reason, issued }: CommandOf<'updateName'>) =>
    Person.NameUpdated({
      old_name: details.name,
      new_name: name,
      change_reason: reason,
      metadata: metadataFrom(issued),
    }),
  setBirthDate: (_: Known, { birthDate, issued }: CommandOf<'setBirthDate'>) =>
    Person.BirthDateSet({ birth_date: birthDate, metadata: metadataFrom(issued) }),
  recordDeath: (_: Known, { date, issued }: CommandOf<'recordDeath'>) =>
    Person.DeathRecorded({ date_of_death: date, metadata: metadataFrom(issued) }),
  suspend: (_: Known, { reason, issued }: CommandOf<'suspend'>) =>
    Person.PersonSuspended({ reason, metadata: metadataFrom(issued) }),
  reactivate: (_: Known, { reason, issued }: CommandOf<'reactivate'>) =>
    Person.PersonActivated({ change_reason: reason, metadata: metadataFrom(issued) }),
  merge: (_: Known, { into, reason, issued }: CommandOf<'merge'>) =>
    Person.PersonMerged({ merged_into: into, merge_reason: reason, metadata: metadataFrom(issued) }),
  archive: (_: Known, { reason, issued }: CommandOf<'archive'>) =>
    Person.PersonArchived({ reason, metadata: metadataFrom(issued) }),
  recordAttribute: (_: Known, { attribute, issued }: CommandOf<'recordAttribute'>) =>
    Person.AttributeRecorded({ attribute, metadata: metadataFrom(issued) }),
  updateAttribute: ({ details }: Known, { attribute, reason, issued }: CommandOf<'updateAttribute'>) =>
    Person.AttributeUpdated({
      old: attributeOf(details, attribute.attribute_id)?.latest ?? attribute,
      new: attribute,
      change_reason: reason,
      metadata: metadataFrom(issued),
    }),
  invalidateAttribute: (_: Known, command: CommandOf<'invalidateAttribute'>) =>
    Person.AttributeInvalidated({
      attribute_id: command.attributeId,
      reason: command.reason,
      invalid_from: command.invalidFrom,
      metadata: metadataFrom(command.issued),
    }),
  registerComponent: (_: Known, { componentType, issued }: CommandOf<'registerComponent'>) =>
    Person.ComponentRegistered({ component_type: componentType, metadata: metadataFrom(issued) }),
  addComponent: (_: Known, { component, issued }: CommandOf<'addComponent'>) =>
    Person.ComponentAdded({ component, metadata: metadataFrom(issued) }),
  updateComponent: ({ details }: Known, { component, issued }: CommandOf<'updateComponent'>) =>
    Person.ComponentUpdated({
      old: componentOf(details, component.component_id) ?? component,
      new: component,
      metadata: metadataFrom(issued),
    }),
  removeComponent: (_: Known, { componentId, reason, issued }: CommandOf<'removeComponent'>) =>
    Person.ComponentRemoved({ component_id: componentId, reason, metadata: metadataFrom(issued) }),
} as const

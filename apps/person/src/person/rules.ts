import { isDeepStrictEqual } from 'node:util'

import type { Attribute, Component } from '../events/values.ts'
import type { CommandOf } from './commands.ts'
import { dayOf } from './issued-metadata.ts'
import { attributeOf, componentOf } from './lookups.ts'
import type { PersonState } from './person-state.ts'

type Known = Exclude<PersonState, { readonly kind: 'draft' }>
type Rule<Command> = (state: Known, command: Command) => boolean

const endsAfterItBegins = ({ valid_from, valid_until }: Attribute): boolean =>
  valid_until === null || valid_from < valid_until

/** What must hold for a command, by the reason that is given where it does not. */
interface Rules {
  readonly [command: string]: Readonly<Record<string, Rule<never>>>
}

function rulesOf<const R extends Rules>(rules: R): R {
  return rules
}

/** The rules of each command that has any; days are compared as text. */
export const rules = rulesOf({
  updateName: {
    'name-unchanged': ({ details }, { name }: CommandOf<'updateName'>) =>
      details.name.given !== name.given || details.name.family !== name.family,
  },
  setBirthDate: {
    'birth-date-in-future': (_, { birthDate, issued }: CommandOf<'setBirthDate'>) =>
      birthDate <= dayOf(issued),
    'birth-date-unchanged': ({ details }, { birthDate }: CommandOf<'setBirthDate'>) =>
      details.birthDate !== birthDate,
  },
  recordDeath: {
    'death-in-future': (_, { date, issued }: CommandOf<'recordDeath'>) => date <= dayOf(issued),
    'death-before-birth': ({ details }, { date }: CommandOf<'recordDeath'>) =>
      details.birthDate === null || details.birthDate <= date,
  },
  merge: {
    'merge-into-itself': (_, { personId, into }: CommandOf<'merge'>) => personId !== into,
  },
  recordAttribute: {
    'attribute-already-recorded': ({ details }, { attribute }: CommandOf<'recordAttribute'>) =>
      attributeOf(details, attribute.attribute_id) === undefined,
    'attribute-ends-before-it-begins': (_, { attribute }: CommandOf<'recordAttribute'>) =>
      endsAfterItBegins(attribute),
  },
  updateAttribute: {
    'attribute-unknown': ({ details }, { attribute }: CommandOf<'updateAttribute'>) =>
      attributeOf(details, attribute.attribute_id) !== undefined,
    'attribute-invalidated': ({ details }, { attribute }: CommandOf<'updateAttribute'>) =>
      attributeOf(details, attribute.attribute_id)?.invalidated === false,
    'attribute-unchanged': ({ details }, { attribute }: CommandOf<'updateAttribute'>) =>
      !isDeepStrictEqual(attributeOf(details, attribute.attribute_id)?.latest, attribute),
    'attribute-ends-before-it-begins': (_, { attribute }: CommandOf<'updateAttribute'>) =>
      endsAfterItBegins(attribute),
  },
  invalidateAttribute: {
    'attribute-unknown': ({ details }, { attributeId }: CommandOf<'invalidateAttribute'>) =>
      attributeOf(details, attributeId) !== undefined,
    'attribute-invalidated': ({ details }, { attributeId }: CommandOf<'invalidateAttribute'>) =>
      attributeOf(details, attributeId)?.invalidated === false,
  },
  registerComponent: {
    'component-type-already-registered': ({ details }, { componentType }: CommandOf<'registerComponent'>) =>
      !details.componentTypes.includes(componentType),
  },
  addComponent: {
    'component-type-not-registered': ({ details }, { component }: CommandOf<'addComponent'>) =>
      details.componentTypes.includes(component.component_type),
    'component-already-added': ({ details }, { component }: CommandOf<'addComponent'>) =>
      componentOf(details, component.component_id) === undefined,
  },
  updateComponent: {
    'component-unknown': ({ details }, { component }: CommandOf<'updateComponent'>) =>
      componentOf(details, component.component_id) !== undefined,
    'component-type-changed': ({ details }, { component }: CommandOf<'updateComponent'>) =>
      componentOf(details, component.component_id)?.component_type === component.component_type,
    'component-unchanged': ({ details }, { component }: CommandOf<'updateComponent'>) =>
      !isDeepStrictEqual(componentOf(details, component.component_id), component satisfies Component),
  },
  removeComponent: {
    'component-unknown': ({ details }, { componentId }: CommandOf<'removeComponent'>) =>
      componentOf(details, componentId) !== undefined,
  },
})

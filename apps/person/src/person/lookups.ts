import type { AttributeRecord } from '../attributes/attribute-record.ts'
import type { Component } from '../events/values.ts'
import type { PersonDetails } from './person-state.ts'

/** The record of an attribute, where there ever was one. */
export function attributeOf(details: PersonDetails, id: string): AttributeRecord | undefined {
  return details.attributes.find((record) => record.id === id)
}

/** A component the person has. */
export function componentOf(details: PersonDetails, id: string): Component | undefined {
  return details.components.find(({ component_id }) => component_id === id)
}

import { attributesAt as recordsAt } from '../attributes/attribute-record.ts'
import type { AttributeRecord } from '../attributes/attribute-record.ts'
import type { Attribute, Component, MergeReason, PersonName } from '../events/values.ts'

/** What is known of a person, whatever their state. */
export interface PersonDetails {
  readonly name: PersonName
  /** Where the person was first recorded. */
  readonly source: string
  readonly birthDate: string | null
  readonly attributes: readonly AttributeRecord[]
  readonly componentTypes: readonly string[]
  readonly components: readonly Component[]
}

/** A person: `archived`, `deceased` and `merged` are final. */
export type PersonState =
  /** Nothing is recorded yet. */
  | { readonly kind: 'draft' }
  | { readonly kind: 'active'; readonly details: PersonDetails }
  | { readonly kind: 'suspended'; readonly reason: string; readonly details: PersonDetails }
  | { readonly kind: 'archived'; readonly reason: string; readonly details: PersonDetails }
  | { readonly kind: 'deceased'; readonly date: string; readonly details: PersonDetails }
  | {
      readonly kind: 'merged'
      readonly into: string
      readonly reason: MergeReason
      readonly details: PersonDetails
    }

/** What held of a person on a day (`2024-02-29`), each with its provenance. A draft has nothing. */
export function attributesAt(state: PersonState, day: string): readonly Attribute[] {
  return state.kind === 'draft' ? [] : recordsAt(state.details.attributes, day)
}

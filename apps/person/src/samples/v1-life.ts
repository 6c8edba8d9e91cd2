import { PersonV1, mergeReasonsV1 } from '../events/v1.ts'
import type { PersonEventV1 } from '../events/v1.ts'
import type { Attribute, PersonName } from '../events/values.ts'
import type { Draws } from './random.ts'

/** The eleven kinds of the first generation. */
export type KindV1 = PersonEventV1['type']

type Status = 'unborn' | 'active' | 'inactive' | 'ended'

const givenNames = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Niklaus'] as const
const familyNames = [
  'Lovelace',
  'Hopper',
  'Turing',
  'Dijkstra',
  'Liskov',
  'Knuth',
  'Perlman',
  'Wirth',
] as const
const sources = ['registration', 'hr-import', 'partner-feed'] as const
const attributeKinds = ['height_cm', 'city', 'eye_colour'] as const
const confidences = ['certain', 'likely', 'estimated'] as const
const dayMs = 86_400_000
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** One person of the first generation, whose events make sense in their order: nobody is renamed after the end. */
export class V1Life {
  readonly #draws: Draws
  readonly #others: () => string
  #time: number
  #status: Status = 'unborn'
  #name: PersonName
  readonly #attributes: Attribute[] = []
  #recorded = 0

  /** @param others names the person that this one may be merged into */
  constructor(draws: Draws, others: () => string) {
    this.#draws = draws
    this.#others = others
    this.#time = Date.UTC(2012, 0, 1) + draws.whole(0, 2_000 * 24) * 3_600_000
    this.#name = this.#drawName()
  }

  /** When the last event happened, in epoch milliseconds. */
  get time(): number {
    return this.#time
  }

  /** What may happen next. */
  get possible(): readonly KindV1[] {
    switch (this.#status) {
      case 'unborn':
        return ['PersonCreated']
      case 'inactive':
        return ['PersonReactivated', 'PersonMergedInto', 'DeathRecorded']
      case 'ended':
        return []
      case 'active':
        return this.#attributes.length === 0
          ? activeKinds.filter((kind) => kind !== 'AttributeUpdated' && kind !== 'AttributeInvalidated')
          : activeKinds
      default:
        return this.#status satisfies never
    }
  }

  /** Lets it happen, some days after what happened before. */
  live(kind: KindV1): PersonEventV1 {
    this.#time += this.#draws.whole(60_000, 90 * dayMs)
    return this.#happen[kind](new Date(this.#time).toISOString())
  }

  readonly #happen: { readonly [Kind in KindV1]: (at: string) => PersonEventV1 } = {
    PersonCreated: (at) => {
      this.#status = 'active'
      return PersonV1.PersonCreated({ name: this.#name, source: this.#draws.pick(sources), created_at: at })
    },
    NameUpdated: (at) => {
      const old_name = this.#name
      const reason = this.#draws.pick([null, 'marriage', 'misspelt'])
      return PersonV1.NameUpdated({ old_name, new_name: this.#rename(), reason, updated_at: at })
    },
    PersonUpdated: (at) => {
      const what = this.#draws.pick(['name', 'birth date', 'both', 'nothing'])
      const old = this.#name
      return PersonV1.PersonUpdated({
        ...(what === 'name' || what === 'both' ? { name: { old, new: this.#rename() } } : {}),
        ...(what === 'birth date' || what === 'both' ? { birth_date: this.#drawBirthDate() } : {}),
        updated_at: at,
      })
    },
    BirthDateSet: (at) => PersonV1.BirthDateSet({ birth_date: this.#drawBirthDate(), set_at: at }),
    DeathRecorded: (at) => {
      this.#status = 'ended'
      return PersonV1.DeathRecorded({ date_of_death: dayOf(this.#time), recorded_at: at })
    },
    PersonDeactivated: (at) => {
      this.#status = 'inactive'
      const reason = this.#draws.pick(['on request', 'no activity', 'under review'])
      return PersonV1.PersonDeactivated({ reason, deactivated_at: at })
    },
    PersonReactivated: (at) => {
      this.#status = 'active'
      return PersonV1.PersonReactivated({
        reason: this.#draws.pick([null, 'review passed']),
        reactivated_at: at,
      })
    },
    PersonMergedInto: (at) => {
      this.#status = 'ended'
      const merge_reason = this.#draws.pick(mergeReasonsV1)
      return PersonV1.PersonMergedInto({ merged_into: this.#others(), merge_reason, merged_at: at })
    },
    AttributeRecorded: (at) => {
      const attribute = this.#drawAttribute()
      this.#attributes.push(attribute)
      return PersonV1.AttributeRecorded({ attribute, recorded_at: at })
    },
    AttributeUpdated: (at) => {
      const old = this.#takeAttribute()
      const updated = { ...old, value: this.#drawValue(old.kind), valid_from: dayOf(this.#time) }
      this.#attributes.push(updated)
      return PersonV1.AttributeUpdated({ old, new: updated, updated_at: at })
    },
    AttributeInvalidated: (at) => {
      const { attribute_id } = this.#takeAttribute()
      const invalid_from = dayOf(this.#time)
      return PersonV1.AttributeInvalidated({
        attribute_id,
        reason: 'no longer true',
        invalid_from,
        invalidated_at: at,
      })
    },
  }

  #drawName(): PersonName {
    return { given: this.#draws.pick(givenNames), family: this.#draws.pick(familyNames) }
  }

  #rename(): PersonName {
    // The number keeps it from being the old name again.
    this.#name = {
      ...this.#drawName(),
      family: `${this.#draws.pick(familyNames)}-${this.#draws.whole(1, 999)}`,
    }
    return this.#name
  }

  #drawBirthDate(): string {
    return dayOf(Date.UTC(1940, 0, 1) + this.#draws.whole(0, 20_000) * dayMs)
  }

  #drawValue(kind: string): string | number {
    if (kind === 'height_cm') return this.#draws.whole(150, 200)
    return kind === 'city'
      ? this.#draws.pick(['London', 'Zürich', 'Austin'])
      : this.#draws.pick(['brown', 'blue', 'green'])
  }

  #drawAttribute(): Attribute {
    const kind = this.#draws.pick(attributeKinds)
    this.#recorded += 1
    return {
      attribute_id: `a${this.#recorded}`,
      kind,
      value: this.#drawValue(kind),
      valid_from: dayOf(this.#time - this.#draws.whole(0, 1_000) * dayMs),
      valid_until: null,
      provenance: {
        source: this.#draws.pick(sources),
        confidence: this.#draws.pick(confidences),
        recorded_by: null,
      },
    }
  }

  #takeAttribute(): Attribute {
    const [taken] = this.#attributes.splice(this.#draws.whole(0, this.#attributes.length - 1), 1)
    if (taken === undefined) throw new RangeError('a life without attributes has none to change')
    return taken
  }
}

const activeKinds: readonly KindV1[] = [
  'NameUpdated',
  'PersonUpdated',
  'BirthDateSet',
  'AttributeRecorded',
  'AttributeUpdated',
  'AttributeInvalidated',
  'PersonDeactivated',
  'PersonMergedInto',
  'DeathRecorded',
]

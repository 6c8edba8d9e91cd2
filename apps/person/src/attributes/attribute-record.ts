import type { Attribute } from '../events/values.ts'

/** A version of an attribute, and the days it holds: from the first, until before the second. */
interface AttributePeriod {
  readonly attribute: Attribute
  readonly from: string
  readonly until: string | null
}

/** Everything that was ever said under one attribute's id. */
export interface AttributeRecord {
  readonly id: string
  /** In the order of their days, none over another. */
  readonly periods: readonly AttributePeriod[]
  /** What was said last. */
  readonly latest: Attribute
  readonly invalidated: boolean
}

function periodOf(attribute: Attribute): AttributePeriod {
  return { attribute, from: attribute.valid_from, until: attribute.valid_until }
}

/** Days are text that sorts as they follow each other. */
function endBefore(periods: readonly AttributePeriod[], day: string): readonly AttributePeriod[] {
  return periods
    .filter(({ from }) => from < day)
    .map((period) => (period.until === null || period.until > day ? { ...period, until: day } : period))
}

/** The record of an attribute that was said for the first time. */
export function recordAttribute(attribute: Attribute): AttributeRecord {
  return { id: attribute.attribute_id, periods: [periodOf(attribute)], latest: attribute, invalidated: false }
}

/** From the first day of the new version on it is what holds; what held before stays known. */
export function updateAttribute(record: AttributeRecord, attribute: Attribute): AttributeRecord {
  const before = endBefore(record.periods, attribute.valid_from)
  return { ...record, periods: [...before, periodOf(attribute)], latest: attribute }
}

/** From that day on nothing holds. */
export function invalidateAttribute(record: AttributeRecord, day: string): AttributeRecord {
  return { ...record, periods: endBefore(record.periods, day), invalidated: true }
}

/** What held on a day, with its provenance. */
export function attributesAt(records: readonly AttributeRecord[], day: string): readonly Attribute[] {
  return records.flatMap(({ periods }) =>
    periods
      .filter(({ from, until }) => from <= day && (until === null || day < until))
      .map(({ attribute }) => attribute),
  )
}

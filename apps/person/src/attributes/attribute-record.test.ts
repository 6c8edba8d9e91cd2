import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Attribute } from '../events/values.ts'
import { attributesAt, invalidateAttribute, recordAttribute, updateAttribute } from './attribute-record.ts'

const city = (value: string, from: string, until: string | null = null): Attribute => ({
  attribute_id: 'home',
  kind: 'city',
  value,
  valid_from: from,
  valid_until: until,
  provenance: { source: `${value} registry`, confidence: 'certain', recorded_by: null },
})

const london = recordAttribute(city('London', '2010-01-01'))
const moved = updateAttribute(london, city('Zürich', '2015-06-01'))
const valuesAt = (record: typeof london, day: string): readonly unknown[] =>
  attributesAt([record], day).map(({ value }) => value)

test.each([
  ['2009-12-31', []],
  ['2010-01-01', ['London']],
  ['2015-05-31', ['London']],
  ['2015-06-01', ['Zürich']],
  ['2030-01-01', ['Zürich']],
])('on %s there holds %j', (day, values) => {
  expect(valuesAt(moved, day)).toEqual(values)
})

test('what holds says where it comes from', () => {
  expect(attributesAt([moved], '2012-01-01')).toMatchObject([{ provenance: { source: 'London registry' } }])
})

test('a version from an earlier day replaces what was said of the days after it', () => {
  const corrected = updateAttribute(moved, city('Paris', '2012-01-01'))
  expect(valuesAt(corrected, '2011-12-31')).toEqual(['London'])
  expect(valuesAt(corrected, '2016-01-01')).toEqual(['Paris'])
})

test('an attribute with an end no longer holds on that day', () => {
  const stay = recordAttribute(city('Austin', '2020-01-01', '2021-01-01'))
  expect(valuesAt(stay, '2020-12-31')).toEqual(['Austin'])
  expect(valuesAt(stay, '2021-01-01')).toEqual([])
})

test('what is invalidated holds until that day, and what was before stays known', () => {
  const gone = invalidateAttribute(moved, '2018-01-01')
  expect(gone.invalidated).toBe(true)
  expect(valuesAt(gone, '2012-01-01')).toEqual(['London'])
  expect(valuesAt(gone, '2017-12-31')).toEqual(['Zürich'])
  expect(valuesAt(gone, '2018-01-01')).toEqual([])
})

test('at most one version of an attribute holds on any day', () => {
  const day = fc
    .integer({ min: 0, max: 5_000 })
    .map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10))
  const step = fc.oneof(
    day.map((from) => ({ from })),
    day.map((until) => ({ until })),
  )
  fc.assert(
    fc.property(day, fc.array(step, { maxLength: 8 }), day, (begin, steps, asked) => {
      let record = recordAttribute(city('first', begin))
      for (const [index, change] of steps.entries())
        record =
          'from' in change
            ? updateAttribute(record, city(`v${index}`, change.from))
            : invalidateAttribute(record, change.until)
      expect(attributesAt([record], asked).length).toBeLessThanOrEqual(1)
    }),
  )
})

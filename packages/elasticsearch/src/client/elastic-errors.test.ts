import { expect, test } from 'vitest'

import { reasonOf } from './elastic-errors.ts'

test.each([
  [
    "failed to parse field [body.since] of type [date] in document with id 'p-1'. Preview of field's value: 'Ada 1.2.1990'",
    "failed to parse field [body.since] of type [date] in document with id 'p-1'.",
  ],
  ['For input string: "Ada"', ''],
  ['mapping set to strict, dynamic introduction of [colour] within [body] is not allowed', undefined],
])('the reason of a refusal is kept without the value: %s', (reason, kept = reason) => {
  expect(reasonOf({ type: 'document_parsing_exception', reason })).toBe(`document_parsing_exception: ${kept}`)
})

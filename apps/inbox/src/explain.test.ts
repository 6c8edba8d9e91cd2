import { ConfigurationError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { explain } from './explain.ts'

test('what was foreseen is told without a stack trace, a mistake of ours with one', () => {
  expect(explain(new ConfigurationError('PORT', 'is taken'))).toBe('PORT: is taken')
  expect(explain(new TypeError('oops'))).toMatch(/TypeError: oops\n\s+at /)
  expect(explain('text')).toBe('text')
})

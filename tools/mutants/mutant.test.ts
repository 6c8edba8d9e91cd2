import { expect, test } from 'vitest'

import { mutate } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const mutant: Mutant = {
  name: 'open gate',
  breaks: 'everybody comes in',
  file: 'gate.ts',
  find: 'if (isKnown)',
  replace: 'if ($&)',
  killer: { project: 'gates', file: 'gate.test.ts', test: 'a stranger stays outside' },
}

test('a mutant changes its text and nothing else, whatever stands in the replacement', () => {
  expect(mutate(mutant, 'a()\nif (isKnown) b()\n')).toBe('a()\nif ($&) b()\n')
})

test.each([
  ['0 times', 'if (isWelcome) b()'],
  ['2 times', 'if (isKnown) a()\nif (isKnown) b()'],
])('a mutant whose text occurs %s fits no longer and is refused', (times, source) => {
  expect(() => mutate(mutant, source)).toThrow(`"open gate": its text occurs ${times} in gate.ts`)
})

import { expect, test } from 'vitest'

import { fileProblems } from './packages.ts'

const right = [
  'package.json',
  'README.md',
  'LICENSE',
  'src/index.ts',
  'dist/index.js',
  'dist/index.js.map',
  'dist/index.d.ts',
  'dist/index.d.ts.map',
]

function problemsWith(...files: readonly string[]): readonly string[] {
  return fileProblems({
    declared: ['dist', 'src', 'sql', '!**/*.test.*'],
    packed: [...right, ...files],
    exists: (file) => file === 'src/index.ts',
  })
}

test('sources, what they compile to, and declared data belong in a package', () => {
  expect(problemsWith('sql/0001-events.sql')).toEqual([])
})

test.each(['src/index.test.ts', 'dist/index.test.js', 'dist/.tsbuildinfo', 'tsconfig.json', 'dist/gone.js'])(
  '%s does not belong in a package',
  (file) => {
    expect(problemsWith(file)).toEqual([`${file} does not belong in the package`])
  },
)

test('a source that was not compiled is noticed', () => {
  expect(problemsWith('src/late.ts')).toEqual([
    'dist/late.js is missing from the package',
    'dist/late.d.ts is missing from the package',
  ])
})

import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { escapeFilePath, escapeSubjectToken, unescapeFilePath, unescapeSubjectToken } from './escape.ts'

const text = fc.string({ unit: 'binary', maxLength: 300 }).filter((value) => value.isWellFormed())
const nearby = fc.string({
  unit: fc.constantFrom('a', 'A', '%', '4', '1', '.', '+', '/', 'é', '🙂'),
  maxLength: 6,
})
const refusal: unknown = expect.objectContaining({ code: 'ERR_INVALID_VALUE' })

const golden = JSON.parse(
  readFileSync(new URL('../../golden/v1/file-paths.json', import.meta.url), 'utf8'),
) as {
  readonly vectors: readonly { readonly key: string; readonly path: readonly string[] }[]
}

describe('a subject token', () => {
  test('keeps letters, digits, dash and underscore, escapes everything else byte by byte', () => {
    expect(escapeSubjectToken('Order_1-a')).toBe('Order_1-a')
    expect(escapeSubjectToken('a.b * > é\n%')).toBe('a%2Eb%20%2A%20%3E%20%C3%A9%0A%25')
  })

  test('holds nothing a subject gives a meaning to', () => {
    fc.assert(fc.property(text, (value) => /^[\w%-]*$/.test(escapeSubjectToken(value))))
  })

  test('can be undone, so that no two texts share one', () => {
    fc.assert(fc.property(text, (value) => unescapeSubjectToken(escapeSubjectToken(value)) === value))
  })

  test.each([
    ['half an escape', '%4'],
    ['no UTF-8', '%FF'],
    ['an escape of a letter', '%41'],
    ['lower-case digits', '%2e'],
    ['a dot', 'a.b'],
  ])('with %s was not written by us and is refused', (_, token) => {
    expect(() => unescapeSubjectToken(token)).toThrow(refusal)
  })
})

describe('a file path', () => {
  test.each(golden.vectors)('of $key is the one of version 1', ({ key, path }) => {
    expect(escapeFilePath(key)).toEqual(path)
    expect(unescapeFilePath(path)).toBe(key)
  })

  test('can be undone', () => {
    fc.assert(fc.property(text, (value) => unescapeFilePath(escapeFilePath(value)) === value))
  })

  test('has names of 1 to 200 safe characters, none of them special to a system', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (value) => {
        for (const name of escapeFilePath(value)) {
          expect(name).toMatch(/^[a-z0-9_%A-F+-]{1,200}$/)
          expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/i)
        }
      }),
    )
  })

  test('stays distinct where case is ignored', () => {
    fc.assert(
      fc.property(nearby, nearby, (a, b) => {
        const [one, two] = [escapeFilePath(a), escapeFilePath(b)].map((path) => path.join('/').toLowerCase())
        expect(one === two).toBe(a === b)
      }),
    )
  })

  test('never uses the file of one text as the folder of another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 150, max: 255 }), fc.integer({ min: 150, max: 255 }), (n, m) => {
        const file = escapeFilePath('x'.repeat(n))
        const folders = escapeFilePath('x'.repeat(m)).slice(0, -1)
        expect(folders.join('/')).not.toBe(file.join('/'))
      }),
    )
  })

  test.each([[['A']], [['a', 'b']], [['%4']], [['con']], [[]], [['a+', 'b']]])(
    '%j was not written by us and is refused',
    (path) => {
      expect(() => unescapeFilePath(path)).toThrow(refusal)
    },
  )
})

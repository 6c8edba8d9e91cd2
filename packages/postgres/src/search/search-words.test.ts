import { expect, test } from 'vitest'

import { passagesOf, tsqueryOf, vectorOf, wordsOf } from './search-words.ts'

test('words are what Unicode says, in lower case', () => {
  expect(wordsOf(`It's 3.5 GRÖßE, x_y\n—"Žluť"! a@b.org 😀`)).toEqual([
    "it's",
    '3.5',
    'größe',
    'x_y',
    'žluť',
    'a',
    'b.org',
  ])
  expect(wordsOf('x'.repeat(300))).toEqual(['x'.repeat(255)])
})

test('a vector has the places of each word, with a gap between texts', () => {
  expect(vectorOf(["red it's red", 'red'])).toBe(`'red':1,3,14 'it''s':2`)
  expect(vectorOf([])).toBe('')
})

test('a text that is too long for a vector is cut off, and a word that comes too often is counted so far', () => {
  const many = vectorOf(['a '.repeat(400)])
  expect(many.split(',')).toHaveLength(255)
  const distinct = Array.from({ length: 200_000 }, (_, n) => `w${n}`).join(' ')
  const vector = vectorOf([distinct])
  expect(vector.length).toBeGreaterThan(500_000)
  expect(vector).not.toContain("'w199999'")
})

test('what is looked for is quoted', () => {
  expect(tsqueryOf(["it's", 'b\\c'], 'phrase')).toBe(`'it''s' <-> 'b\\\\c'`)
  expect(tsqueryOf(['a', 'b'], 'any')).toBe(`'a' | 'b'`)
  expect(tsqueryOf([], 'all')).toBeUndefined()
})

test('passages are cut from around what was found, and nothing of the text is changed', () => {
  const text = `${'lorem ipsum '.repeat(40)}RED <b>shoes</b> ${'dolor sit '.repeat(40)}red end`
  const passages = passagesOf(text, new Set(['red']))
  expect(passages.map((passage) => passage.filter(({ found }) => found).map((piece) => piece.text))).toEqual([
    ['RED'],
    ['red'],
  ])
  for (const passage of passages) {
    const cut = passage.map((piece) => piece.text).join('')
    expect(text).toContain(cut)
    expect(cut.length).toBeLessThan(300)
  }
  expect(passagesOf(text, new Set(['none']))).toEqual([])
})

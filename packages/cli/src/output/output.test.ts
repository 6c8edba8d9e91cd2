import { expect, test } from 'vitest'

import { neutralise, neutraliseJson, shorten } from './neutralise.ts'
import { formatFields, formatTable } from './table.ts'

test('control characters cannot reach the terminal', () => {
  expect(neutralise('a\u001b[31mred\u0007\n')).toBe('a\\u{1b}[31mred\\u{7}\\u{a}')
  expect(neutralise('\u202egnp.exe \u009b2J')).toBe('\\u{202e}gnp.exe \\u{9b}2J')
  expect(neutralise('grüße 🎉')).toBe('grüße 🎉')
})

test('long text is shortened by whole characters', () => {
  expect(shorten('🎉🎉🎉', 3)).toBe('🎉🎉🎉')
  expect(shorten('🎉🎉🎉🎉', 3)).toBe('🎉🎉…')
})

test('one character piled up without end is cut as well', () => {
  const piled = `e${'\u0301'.repeat(100_000)}`
  expect(shorten(piled, 3).length).toBeLessThan(100)
})

test('JSON stays the value it is, with nothing for the terminal to obey', () => {
  const value = { text: 'a\u009b2J\u202e\u007f\u061c – 🎉', list: [1] }
  const shown = neutraliseJson(JSON.stringify(value, undefined, 2))
  expect(shown).toContain(String.raw`a\u009b2J\u202e\u007f\u061c – 🎉`)
  expect(shown).toMatch(/^\{\n {2}"text"/)
  expect(JSON.parse(shown)).toEqual(value)
})

test('columns are aligned and lines have no trailing spaces', () => {
  const rows = [
    { name: 'a', count: 10 },
    { name: 'long\tname', count: 5 },
  ]
  expect(
    formatTable(rows, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'COUNT', value: ({ count }) => count, align: 'right' },
      { title: '', value: () => '' },
    ]),
  ).toBe('NAME           COUNT\na                 10\nlong\\u{9}name      5\n')
})

test('fields are aligned', () => {
  expect(
    formatFields([
      ['id', 1],
      ['reason', 'a\nb'],
    ]),
  ).toBe('id      1\nreason  a\\u{a}b\n')
})

import { expect, test } from 'vitest'

import { senderOf, streamOf } from './subject.ts'

test('a payload belongs to its repository, else its organisation, else the app', () => {
  const organization = { login: 'Octocoders' }
  expect(streamOf({ repository: { full_name: 'octo-org/next.js' }, organization })).toBe(
    'github-octo-org/next.js',
  )
  expect(streamOf({ organization })).toBe('github-org:Octocoders')
  expect(streamOf({ action: 'created' })).toBe('github-app')
})

test('no choice of names makes two subjects share a stream', () => {
  const names = [
    'app',
    'org:a',
    'org%3Aa',
    'a/b',
    'a',
    'ä',
    'A',
    '\ud800',
    '\udbff',
    '\udc00',
    '\ufffd',
    '🚀',
  ]
  const ids = [
    streamOf({}),
    ...names.map((login) => streamOf({ organization: { login } })),
    ...['app/x', 'org:a/x', 'org%3Aa/x', 'a/x', 'ä/x', 'x/a'].map((full_name) =>
      streamOf({ repository: { full_name } }),
    ),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})

test('a name that is no owner/name pair does not make a repository', () => {
  for (const full_name of ['', 'a', '/', 'a/', '/b', 'a/b/c', 7])
    expect(streamOf({ repository: { full_name }, organization: { login: 'o' } })).toBe('github-org:o')
})

test('a name too long for a stream is refused, naming the rule', () => {
  expect(() => streamOf({ organization: { login: 'ä'.repeat(60) } })).toThrow(
    /key: must be a key of 1 to 255 bytes/,
  )
})

test('the sender is known by login', () => {
  expect(senderOf({ sender: { login: 'octocat' } })).toBe('octocat')
  expect(senderOf({ sender: 'octocat' })).toBeUndefined()
})

import { expect, test } from 'vitest'

import { noticeOf } from './notice.ts'

const repository = { full_name: 'octo/repo' }

test('an issue labelled bug is told', () => {
  const issue = { number: 7, title: 'Broken', html_url: 'https://github.com/octo/repo/issues/7' }
  expect(noticeOf('issues.labeled', { label: { name: 'bug' }, issue, repository })).toEqual({
    kind: 'bug',
    repository: 'octo/repo',
    issue: 7,
    title: 'Broken',
    url: issue.html_url,
  })
})

test('a published release is told', () => {
  expect(noticeOf('release.published', { release: { tag_name: '1.0.0' }, repository })).toEqual({
    kind: 'release',
    repository: 'octo/repo',
    tag: '1.0.0',
    url: '',
  })
})

test('nothing else is', () => {
  for (const [type, data] of [
    ['issues.labeled', { label: { name: 'bugfix' } }],
    ['issues.unlabeled', { label: { name: 'bug' } }],
    ['issues.opened', { issue: { labels: [{ name: 'bug' }] } }],
    ['release.created', {}],
    ['release.published', 'text'],
  ] as const)
    expect(noticeOf(type, data)).toBeUndefined()
})

test('a payload that lacks members is told without them', () => {
  expect(noticeOf('issues.labeled', { label: { name: 'bug' } })).toEqual({
    kind: 'bug',
    repository: '',
    issue: 0,
    title: '',
    url: '',
  })
})

import { createStreamId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { eventDocument } from './event-document.ts'

const occurredAt = new Date('2026-11-20T10:00:00.000Z')

function event(type: string, data: unknown): Envelope {
  const streamId = createStreamId('github', 'octo/repo')
  return { type, data, streamId, occurredAt } as Partial<Envelope> as Envelope
}

test('what people wrote is found, and where and by whom it was written', () => {
  const data = {
    issue: { number: 7, title: 'It leaks', body: 'Water everywhere' },
    comment: { body: 'Here too' },
    sender: { login: 'octocat' },
  }
  expect(eventDocument(event('issue_comment.created', data))).toEqual({
    title: 'It leaks',
    text: 'Water everywhere\nHere too',
    kind: 'issue_comment',
    type: 'issue_comment.created',
    repository: 'octo/repo',
    actor: 'octocat',
    issue: 7,
    at: occurredAt,
  })
})

test('the messages of all commits of a push are found', () => {
  const data = { commits: [{ message: 'Mend the pipe' }, { message: 'Test it' }, {}] }
  expect(eventDocument(event('push', data))).toMatchObject({ title: 'push', text: 'Mend the pipe\nTest it' })
})

test('whatever a payload holds, its document is one that every search engine keeps', () => {
  const data = { issue: { title: 'a\0b\ud800', body: 7 }, sender: { login: 'x'.repeat(1000) } }
  const { title, text, actor } = eventDocument(event('odd', data))
  expect([title, text, actor?.length]).toEqual(['a b\ufffd', '', 250])
  expect(eventDocument(event('odd', 'text')).title).toBe('odd')
})

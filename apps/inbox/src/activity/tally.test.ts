import type { Envelope } from '@millrace/contracts'
import { createStreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { writesOf } from './statements.ts'
import { Tally } from './tally.ts'

function event(type: string, data: unknown, at = '2026-11-20T10:00:00.000Z'): Envelope {
  const streamId = createStreamId('github', 'octo/repo')
  return { streamId, type, data, occurredAt: new Date(at) } as Partial<Envelope> as Envelope
}

function tallyOf(...events: readonly Envelope[]): Tally {
  const tally = new Tally()
  for (const one of events) tally.add(one)
  return tally
}

const sender = { login: 'octocat' }

test('events are counted by repository, day and kind', () => {
  const tally = tallyOf(
    event('push', {}, '2026-11-20T23:59:59.999Z'),
    event('push', {}, '2026-11-21T00:00:00.000Z'),
    event('issues.opened', {}),
    event('issues.closed', {}),
  )
  const counts = [...tally.days.values()].map(({ day, kind, events }) => `${day} ${kind} ${events}`)
  expect(counts).toEqual(['2026-11-20 push 1', '2026-11-21 push 1', '2026-11-20 issues 2'])
})

test('a contributor is seen first and last by when things happened', () => {
  const times = ['2026-11-20T10:00:00.000Z', '2026-11-19T10:00:00.000Z', '2026-11-21T10:00:00.000Z']
  const tally = tallyOf(
    ...times.map((at) => event('push', { sender }, at)),
    event('push', {}),
    event('push', { sender: { login: 'a\0' } }),
  )
  expect([...tally.contributors.values()]).toEqual([
    { repository: 'octo/repo', login: 'octocat', events: 3, first_at: times[1], last_at: times[2] },
  ])
})

test('an issue is as its last event left it', () => {
  const issue = (action: string, state: string | undefined, title = 'Broken'): Envelope =>
    event(`issues.${action}`, { action, issue: { number: 7, title, state } })
  const stateAfter = (...events: readonly Envelope[]): unknown =>
    [...tallyOf(...events).issues.values()][0]?.state
  expect(stateAfter(issue('opened', 'open'), issue('closed', 'closed'))).toBe('closed')
  expect(stateAfter(issue('opened', 'open'), issue('pinned', undefined))).toBe('open')
  expect(stateAfter(issue('opened', 'open'), issue('deleted', 'open'))).toBe('deleted')
  expect(stateAfter(event('issue_comment.created', { issue: { number: 7, state: 'open' } }))).toBeUndefined()
})

test('a batch needs one statement a table, and none where nothing changed', () => {
  expect(writesOf(tallyOf())).toEqual([])
  expect(writesOf(tallyOf(event('push', 'not an object')))).toEqual([])
  expect(writesOf(tallyOf(event('push', { sender })))).toHaveLength(2)
})

test('half a character or a NUL in a text stops nothing', () => {
  const issue = { number: 7, title: 'a\ud800b\0c', state: 'op\0en' }
  const tally = tallyOf(event('issues.opened', { issue, sender: { login: '\udc00' } }))
  expect([...tally.issues.values()]).toMatchObject([{ title: 'a\ufffdbc', state: 'open' }])
  expect([...tally.contributors.values()]).toEqual([])
})

import { createIdFactory, parseCommitId, parseExpectedVersion } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { facts, freshStream, openRawStore } from '../../fixtures/raw-store.ts'
import type { RawStore } from '../../fixtures/raw-store.ts'
import { OriginalCommits } from '../replace/original-commits.ts'
import { createWireEncoder } from '../store/event-encoder.ts'
import { CommitSearch } from './commit-search.ts'
import { KnownCommits } from './known-commits.ts'
import { prepareCommit } from './prepared-commit.ts'
import type { PreparedCommit } from './prepared-commit.ts'
import { ServerClock } from './server-clock.ts'

const mint = createIdFactory()
const id = freshStream()

function prepared({ subjects }: RawStore): PreparedCommit {
  const input = { streamId: id, events: facts(1), expected: parseExpectedVersion(0) }
  const parts = { encode: createWireEncoder({}), mint, now: Date.now, subjects }
  return prepareCommit([input], { commitId: parseCommitId(mint()) }, parts)
}

async function knownOf({ store, link, leader, subjects, name }: RawStore): Promise<KnownCommits> {
  const { generation } = await store.log.head()
  const clock = await ServerClock.open(link, name, Date.now)
  return new KnownCommits({
    generation,
    subjects,
    leader,
    search: new CommitSearch(link, leader, name),
    clock,
    originals: new OriginalCommits(link, name),
  })
}

describe('a leader that has not got so far', () => {
  test('as JetStream says the commit lies is asked again, and proves nothing', async () => {
    await using raw = await openRawStore()
    const commit = prepared(raw)
    const { commitId } = commit
    const known = await knownOf(raw)
    await expect(known.at(commit, 1, false)).rejects.toMatchObject({ name: 'NoAnswer', silence: 'stale' })
    const receipt = await raw.store.append(id, facts(1), { expectedVersion: 0, commitId })
    expect(await known.at(commit, 1, false)).toMatchObject({ streams: [{ ...receipt, replayed: true }] })
  })

  test('as the stream has gone on is asked again, and proves nothing', async () => {
    await using raw = await openRawStore()
    const commit = prepared(raw)
    const known = await knownOf(raw)
    const { subject = '' } = commit.writes[0] ?? {}
    await expect(known.after(commit, subject, 0)).rejects.toMatchObject({
      name: 'NoAnswer',
      silence: 'stale',
    })
    await raw.store.append(id, facts(1), { expectedVersion: 0 })
    expect(await known.after(commit, subject, 0)).toBeUndefined()
  })
})

test('a commit whose message was purged is none that can be repeated', async () => {
  await using raw = await openRawStore()
  const commit = prepared(raw)
  const { commitId } = commit
  await raw.store.append(id, facts(1), { expectedVersion: 0, commitId })
  await raw.store.tombstone(id, { expectedVersion: 1, reason: 'asked' })
  const known = await knownOf(raw)
  await expect(known.at(commit, 1, false)).rejects.toMatchObject({
    code: 'ERR_DUPLICATE_EVENT',
    id: commitId,
  })
})

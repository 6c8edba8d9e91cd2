import { createIdFactory, parseCommitId } from '@millrace/contracts'
import type { CommitId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { facts, freshStream, openRawStore } from '../../fixtures/raw-store.ts'
import { CommitSearch } from './commit-search.ts'

const mint = createIdFactory()
const freshCommitId = (): CommitId => parseCommitId(mint())

test('a commit is found however many pages lie before it, and only in its own stream', async () => {
  await using raw = await openRawStore()
  const { store, link, leader, subjects, name } = raw
  const [id, other] = [freshStream(), freshStream()]
  const search = new CommitSearch(link, leader, name)
  const sequences = new Map<CommitId, number>()
  for (let n = 0; n < 600; n++) {
    const commitId = freshCommitId()
    const { position } = await store.append(id, facts(1), { expectedVersion: n, commitId })
    sequences.set(commitId, position?.commit ?? 0)
  }
  const subject = subjects.stream(id)
  const until = [...sequences.values()].at(-1) ?? 0
  for (const [commitId, sequence] of [...sequences].filter((_, n) => n % 90 === 0))
    expect(await search.find({ subject, commitId, from: 0, until })).toBe(sequence)
  expect(await search.find({ subject, commitId: freshCommitId(), from: 0, until })).toBeUndefined()
  const [first = freshCommitId()] = sequences.keys()
  expect(
    await search.find({ subject: subjects.stream(other), commitId: first, from: 0, until }),
  ).toBeUndefined()
})

test('what a replica does not have yet is looked for at the leader', async () => {
  await using raw = await openRawStore()
  const { store, link, leader, subjects, name } = raw
  const id = freshStream()
  const commitIds = [freshCommitId(), freshCommitId(), freshCommitId()]
  for (const [n, commitId] of commitIds.entries())
    await store.append(id, facts(1), { expectedVersion: n, commitId })
  const search = new CommitSearch(link, leader, name)
  // From a time on at which nothing is there yet: the answer of a replica that is behind.
  const window = { subject: subjects.stream(id), from: Date.now() + 60_000, until: 3 }
  expect(await search.find({ ...window, commitId: commitIds[1] ?? freshCommitId() })).toBe(2)
  expect(await search.find({ ...window, commitId: freshCommitId() })).toBeUndefined()
  expect(await search.find({ ...window, commitId: freshCommitId(), until: 9 })).toBeUndefined()
})

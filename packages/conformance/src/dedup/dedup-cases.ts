import type { CommitId, Dedup, DedupClaim } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { freshCommitId, freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import type { DedupUnderTest } from './declaration.ts'

/** One promise of {@link Dedup}. */
export type DedupCase = ContractCase<DedupUnderTest>

const long = { owner: 'one', leaseMs: 60_000 }

async function claimOne(dedup: Dedup, source: string, options = long, id = 'a'): Promise<DedupClaim> {
  const [claim] = await dedup.claim(source, [id], options)
  if (claim === undefined) throw new Error('a claim has an outcome for each id')
  return claim
}

function commitIdOf(claim: DedupClaim): CommitId {
  if (claim.kind === 'processing') throw new Error(`${claim.id} is being processed`)
  return claim.commitId
}

const kinds = (claims: readonly DedupClaim[]): readonly string[] => claims.map(({ kind }) => kind)

const claimCases: readonly DedupCase[] = [
  {
    name: 'an id is new once, and then somebody is at it',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const before = Date.now()
      holds(await claimOne(dedup, source), { kind: 'new', id: 'a' })
      const again = await claimOne(dedup, source, { ...long, owner: 'two' })
      holds(again, { kind: 'processing', id: 'a' })
      const until = again.kind === 'processing' ? again.until.getTime() : 0
      same(Math.abs(until - before - long.leaseMs) < 5_000, true, 'until is about when the lease ends')
    },
  },
  {
    name: 'what is done stays done under its commit id',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const commitId = commitIdOf(await claimOne(dedup, source))
      same(await dedup.done(source, [{ id: 'a', commitId }]), [])
      same(await claimOne(dedup, source), { kind: 'done', id: 'a', commitId })
    },
  },
  {
    name: 'each new id has a commit id of its own, and the outcomes are in the order of the ids',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const first = [await claimOne(dedup, source, long, 'b'), await claimOne(dedup, source, long, 'd')]
      const [, commitId = freshCommitId()] = first.map(commitIdOf)
      await dedup.done(source, [{ id: 'd', commitId }])
      const claims = await dedup.claim(source, ['a', 'b', 'c', 'd'], long)
      same(
        claims.map(({ id, kind }) => [id, kind]),
        [
          ['a', 'new'],
          ['b', 'processing'],
          ['c', 'new'],
          ['d', 'done'],
        ],
      )
      const ids = [...first, ...claims.filter(({ kind }) => kind === 'new')].map(commitIdOf)
      same(new Set(ids).size, 4)
    },
  },
  {
    name: 'the second of two equal ids of one claim finds the first',
    run: async ({ dedup }) => {
      const claims = await dedup.claim(freshName('source'), ['a', 'b', 'a', 'a'], long)
      same(kinds(claims), ['new', 'new', 'processing', 'processing'])
    },
  },
  {
    name: 'ids are told apart by source and by their whole text',
    run: async ({ dedup }) => {
      const base = freshName('source')
      const sources = [base, `${base}}`, `{${base}`, `${base}%7D`, `${base}:a`]
      const ids = ['a', 'A', 'a ', ':a', '{a}', 'ä🦀', 'a\n', `${'x'.repeat(254)}1`, `${'x'.repeat(254)}2`]
      for (const source of sources)
        same(new Set(kinds(await dedup.claim(source, ids, long))), new Set(['new']), source)
      for (const source of sources)
        same(new Set(kinds(await dedup.claim(source, ids, long))), new Set(['processing']), source)
    },
  },
  {
    name: 'a thousand ids are claimed together, and claimed once',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const ids = Array.from({ length: 1_000 }, (_, n) => `order-${n}`)
      const asked = await Promise.all(
        Array.from({ length: 4 }, async (_, n) => await dedup.claim(source, ids, { ...long, owner: `${n}` })),
      )
      const claims = asked.flat()
      same(claims.filter(({ kind }) => kind === 'new').length, 1_000)
      same(new Set(claims.filter(({ kind }) => kind === 'new').map(({ id }) => id)).size, 1_000)
      same(claims.filter(({ kind }) => kind === 'processing').length, 3_000)
    },
  },
]

const endCases: readonly DedupCase[] = [
  {
    name: 'a claim whose owner crashed is free after its lease, under the commit id it had',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const commitId = commitIdOf(await claimOne(dedup, source, { ...long, leaseMs: 30 }))
      let claim: DedupClaim | undefined
      await waitUntil(
        async () => {
          claim = await claimOne(dedup, source, { ...long, owner: 'two' })
          return claim.kind !== 'processing'
        },
        { what: 'the lease to end' },
      )
      same(claim, { kind: 'retry', id: 'a', commitId })
      holds(await claimOne(dedup, source), { kind: 'processing' })
    },
  },
  {
    name: 'a claim that is released is free at once, under the commit id it had',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const commitId = commitIdOf(await claimOne(dedup, source))
      await dedup.release(source, ['a', 'never-claimed'], 'two')
      holds(await claimOne(dedup, source), { kind: 'processing' })
      await dedup.release(source, ['a', 'never-claimed'], 'one')
      same(await claimOne(dedup, source, { ...long, owner: 'two' }), { kind: 'retry', id: 'a', commitId })
      holds(await claimOne(dedup, source, long, 'never-claimed'), { kind: 'new' })
    },
  },
  {
    name: 'what is done cannot be released',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const commitId = commitIdOf(await claimOne(dedup, source))
      await dedup.done(source, [{ id: 'a', commitId }])
      await dedup.release(source, ['a'], 'one')
      same(await claimOne(dedup, source), { kind: 'done', id: 'a', commitId })
    },
  },
  {
    name: 'who was overtaken may still say that it is done: it is the same commit',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const commitId = commitIdOf(await claimOne(dedup, source))
      await dedup.release(source, ['a'], 'one')
      holds(await claimOne(dedup, source, { ...long, owner: 'two' }), { kind: 'retry' })
      same(await dedup.done(source, [{ id: 'a', commitId }]), [])
      same(await claimOne(dedup, source), { kind: 'done', id: 'a', commitId })
    },
  },
  {
    name: 'an id that is forgotten is remembered once it is done, unless it has another commit id by then',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const [mine, theirs] = [freshCommitId(), freshCommitId()]
      same(await dedup.done(source, [{ id: 'a', commitId: mine }]), [])
      const entries = [
        { id: 'a', commitId: theirs },
        { id: 'b', commitId: theirs },
      ]
      same(await dedup.done(source, entries), ['a'])
      same(await claimOne(dedup, source), { kind: 'done', id: 'a', commitId: mine })
      same(await claimOne(dedup, source, long, 'b'), { kind: 'done', id: 'b', commitId: theirs })
    },
  },
  {
    name: 'after its time an id is forgotten, done or not, and processed again under another commit id',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const short = { owner: 'one', leaseMs: 40, ttlMs: 40 }
      const claims = await dedup.claim(source, ['done', 'crashed'], short)
      const [done, crashed] = claims.map(commitIdOf)
      if (done === undefined || crashed === undefined) throw new Error('both are new')
      await dedup.done(source, [{ id: 'done', commitId: done }], { ttlMs: 40 })
      for (const [id, before] of [
        ['done', done],
        ['crashed', crashed],
      ] as const) {
        let claim: DedupClaim | undefined
        await waitUntil(
          async () => {
            claim = await claimOne(dedup, source, { owner: 'two', leaseMs: 60_000 }, id)
            return claim.kind === 'new' || claim.kind === 'retry'
          },
          { what: `${id} to be forgotten` },
        )
        // A lease that ends with the memory may be seen a moment earlier than that.
        if (id === 'done') same(claim?.kind, 'new')
        if (claim?.kind === 'new') same(claim.commitId === before, false)
      }
    },
  },
]

const inputCases: readonly DedupCase[] = [
  {
    name: 'bad input is refused by its field before anything is written',
    run: async ({ dedup }) => {
      const source = freshName('source')
      const bad = [
        ['source', '', ['a'], long],
        ['source', 'x'.repeat(64), ['a'], long],
        ['ids', source, [], long],
        ['ids', source, Array.from({ length: 1_001 }, String), long],
        ['ids[1]', source, ['a', ''], long],
        ['ids[0]', source, ['x'.repeat(256)], long],
        ['ids[0]', source, ['\ud800'], long],
        ['options.owner', source, ['a'], { ...long, owner: '' }],
        ['options.leaseMs', source, ['a'], { ...long, leaseMs: 0 }],
        ['options.leaseMs', source, ['a'], { ...long, leaseMs: 50, ttlMs: 49 }],
        ['options.ttlMs', source, ['a'], { ...long, ttlMs: Number.NaN }],
      ] as const
      for (const [field, from, ids, options] of bad)
        await refused(dedup.claim(from, ids, options), { code: 'ERR_INVALID_VALUE', field })
      const noUlid = 'not-a-ulid' as CommitId
      await refused(dedup.done(source, [{ id: 'a', commitId: noUlid }]), { code: 'ERR_INVALID_VALUE' })
      await refused(dedup.release(source, ['a'], ''), { code: 'ERR_INVALID_VALUE', field: 'owner' })
      holds(await claimOne(dedup, source), { kind: 'new' })
    },
  },
]

/** Every promise of a store of foreign ids, for any test runner. */
export const dedupCases: readonly DedupCase[] = [...claimCases, ...endCases, ...inputCases]

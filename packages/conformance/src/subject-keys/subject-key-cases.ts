import type { SubjectKey, SubjectKeyStore } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { freshName } from '../suite/fixtures.ts'
import type { SubjectKeysUnderTest } from './declaration.ts'

type SubjectKeyCase = ContractCase<SubjectKeysUnderTest>

function keyOf(subject: string, fill = 1, masterKeyId = 'm1'): SubjectKey {
  return { subject, keyId: `k${fill}`, wrapped: { masterKeyId, bytes: new Uint8Array(48).fill(fill) } }
}

const request = { by: 'ada', reason: 'they asked' }

async function all(keys: SubjectKeyStore, notWrappedBy?: string): Promise<readonly string[]> {
  const found: string[] = []
  for (;;) {
    const page = await keys.list({
      after: found.at(-1) ?? '',
      limit: 2,
      ...(notWrappedBy === undefined ? {} : { notWrappedBy }),
    })
    if (page.length === 0) return found
    found.push(...page.map(({ subject }) => subject))
  }
}

const keepingCases: readonly SubjectKeyCase[] = [
  {
    name: 'a key is found as it was added, byte for byte, and a subject without one is not found',
    run: async ({ keys }) => {
      const [subject, other] = [`é 😀 '"\\ ${freshName('s')}`, freshName('s')]
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      const key = { ...keyOf(subject), wrapped: { masterKeyId: 'm/1', bytes } }
      same(await keys.add(key), { kind: 'present', key })
      same([...(await keys.find([subject, other])).entries()], [[subject, { kind: 'present', key }]])
      same([...(await keys.find([]))], [])
    },
  },
  {
    name: 'of two keys for one subject the first is kept',
    run: async ({ keys }) => {
      const subject = freshName('s')
      const [first, second] = [keyOf(subject, 1), keyOf(subject, 2)]
      await keys.add(first)
      same(await keys.add(second), { kind: 'present', key: first })
    },
  },
  {
    name: 'of many keys added at once for one subject all are told the same one',
    run: async ({ keys }) => {
      const subject = freshName('s')
      const added = await Promise.all(Array.from({ length: 10 }, (_, i) => keys.add(keyOf(subject, i + 1))))
      same(new Set(added.map((state) => (state.kind === 'present' ? state.key.keyId : 'none'))).size, 1)
    },
  },
  {
    name: 'a key is wrapped anew only in the place of what was read',
    run: async ({ keys }) => {
      const subject = freshName('s')
      const [old, fresh] = [keyOf(subject), keyOf(subject, 1, 'm2')]
      await keys.add(old)
      same(await keys.rewrap(fresh, { masterKeyId: 'm1', bytes: new Uint8Array(48) }), false)
      same(await keys.rewrap(fresh, old.wrapped), true)
      same(await keys.rewrap(fresh, old.wrapped), false)
      same((await keys.find([subject])).get(subject), { kind: 'present', key: fresh })
      same(await keys.rewrap({ ...fresh, subject: freshName('s') }, fresh.wrapped), false)
    },
  },
  {
    name: 'keys are listed in order, page by page, by what did not wrap them',
    run: async ({ keys }) => {
      const master = freshName('m')
      const names = ['c', 'a', 'b'].map((letter) => `${letter}_${freshName('s')}`)
      for (const subject of names) await keys.add(keyOf(subject))
      const newer = freshName('s')
      await keys.add(keyOf(newer, 1, master))
      const listed = await all(keys, master)
      same(
        listed.filter((subject) => names.includes(subject)),
        names.toSorted(),
      )
      same(listed.includes(newer), false)
      same((await all(keys)).includes(newer), true)
    },
  },
]

const erasingCases: readonly SubjectKeyCase[] = [
  {
    name: 'an erased subject has no key any more, and never gets another',
    run: async ({ keys }) => {
      const subject = freshName('s')
      await keys.add(keyOf(subject))
      const erasure = await keys.erase(subject, request)
      holds(erasure, { ...request, destroyedKey: true, completedAt: undefined })
      const erased = { kind: 'erased', subject, erasure }
      same((await keys.find([subject])).get(subject), erased)
      same(await keys.add(keyOf(subject, 2)), erased)
      same(await keys.rewrap(keyOf(subject, 1, 'm2'), keyOf(subject).wrapped), false)
      same((await all(keys)).includes(subject), false)
    },
  },
  {
    name: 'a subject that never had a key is erased too, so that none is made later',
    run: async ({ keys }) => {
      const subject = freshName('s')
      holds(await keys.erase(subject, request), { destroyedKey: false })
      same((await keys.add(keyOf(subject))).kind, 'erased')
    },
  },
  {
    name: 'erasing again changes nothing and gives the first erasure',
    run: async ({ keys }) => {
      const subject = freshName('s')
      const first = await keys.erase(subject, request)
      same(await keys.erase(subject, { by: 'bob', reason: 'again' }), first)
    },
  },
  {
    name: 'an erasure is due until it is completed, once',
    run: async ({ keys }) => {
      const [one, other, alive] = [freshName('s'), freshName('s'), freshName('s')]
      await keys.add(keyOf(alive))
      for (const subject of [one, other]) await keys.erase(subject, request)
      const due = async (): Promise<readonly string[]> =>
        (await keys.incomplete()).filter((subject) => [one, other, alive].includes(subject))
      same((await due()).toSorted(), [one, other].toSorted())
      same(
        [await keys.complete(one), await keys.complete(alive), await keys.complete(freshName('s'))],
        [true, false, false],
      )
      same(await due(), [other])
      const state = (await keys.find([one])).get(one)
      const completedAt = state?.kind === 'erased' ? state.erasure.completedAt : undefined
      same(completedAt instanceof Date, true)
      await keys.complete(one)
      same((await keys.find([one])).get(one), state)
    },
  },
  {
    name: 'bad input is refused by the name of its field',
    run: async ({ keys }) => {
      const subject = freshName('s')
      for (const bad of ['', '  ', 'a\nb', 'a\0', '\ud800', 'x'.repeat(256)]) {
        await refused(async () => await keys.find([bad]), { code: 'ERR_INVALID_VALUE', field: 'subject' })
        await refused(async () => await keys.add(keyOf(bad)), { code: 'ERR_INVALID_VALUE', field: 'subject' })
        await refused(async () => await keys.erase(bad, request), {
          code: 'ERR_INVALID_VALUE',
          field: 'subject',
        })
      }
      for (const by of ['', ' ', 'x'.repeat(201)])
        await refused(async () => await keys.erase(subject, { ...request, by }), {
          code: 'ERR_INVALID_VALUE',
          field: 'by',
        })
      for (const reason of ['', 'x'.repeat(1001)])
        await refused(async () => await keys.erase(subject, { ...request, reason }), {
          code: 'ERR_INVALID_VALUE',
          field: 'reason',
        })
      for (const limit of [0, 1001, 1.5])
        await refused(async () => await keys.list({ limit }), {
          code: 'ERR_INVALID_VALUE',
          field: 'options.limit',
        })
      same([...(await keys.find([subject]))], [])
    },
  },
]

/** Every promise of a store of subject keys, for any test runner. */
export const subjectKeyCases: readonly SubjectKeyCase[] = [...keepingCases, ...erasingCases]

import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, inject, test } from 'vitest'

import { rootFolder } from '../workspaces.ts'
import { isKilled, tryMutants } from './campaign.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { copyTree } from './tree-copy.ts'

const ulid: Pick<Mutant, 'breaks' | 'file' | 'find' | 'killer'> = {
  breaks: 'nothing, or something',
  file: 'packages/contracts/src/ids/ulid.ts',
  find: 'export function isUlid(text: unknown): boolean {',
  killer: {
    project: 'contracts',
    file: 'src/ids/ulid.test.ts',
    test: 'isUlid > refuses an I',
  },
}

test('packages of a copy find each other in the copy, and what is installed in the original', async () => {
  let folder: string
  {
    await using tree = await copyTree(rootFolder)
    folder = tree.folder
    const modules = join(tree.folder, 'packages/postgres/node_modules')
    expect(await realpath(join(modules, '@millrace/contracts'))).toBe(join(tree.folder, 'packages/contracts'))
    expect(await realpath(join(modules, 'pg'))).toBe(
      await realpath(join(rootFolder, 'packages/postgres/node_modules/pg')),
    )
  }
  expect(existsSync(folder)).toBe(false)
})

test('only an assertion kills: a mutant without effect survives, one that does not compile proves nothing', async () => {
  await using tree = await copyTree(rootFolder)
  const bench = { folder: tree.folder, servers: inject('servers') }
  const source = await readFile(join(tree.folder, ulid.file), 'utf8')
  const tried = await tryMutants(
    bench,
    [
      { ...ulid, name: 'harmless', replace: `${ulid.find} // as before` },
      { ...ulid, name: 'no code', replace: `${ulid.find} ]` },
      { ...ulid, name: 'deadly', replace: `${ulid.find} return true` },
    ],
    () => undefined,
  )
  expect(tried.map(({ outcome }) => outcome.kind)).toEqual(['passed', 'broken', 'refuted'])
  expect(tried.map(isKilled)).toEqual([false, false, true])
  expect(await readFile(join(tree.folder, ulid.file), 'utf8')).toBe(source)
  const absent = {
    ...ulid,
    name: 'unheard of',
    replace: '',
    killer: { ...ulid.killer, test: 'nobody wrote this' },
  }
  await expect(tryMutants(bench, [absent], () => undefined)).rejects.toThrow(
    'tests that fail without any mutant:\nsrc/ids/ulid.test.ts: nobody wrote this',
  )
})

test('the suite kills every mutant', { timeout: 600_000 }, async () => {
  await using tree = await copyTree(rootFolder)
  const results = await tryMutants(
    { folder: tree.folder, servers: inject('servers') },
    mutants,
    () => undefined,
  )
  expect(results.filter((result) => !isKilled(result))).toEqual([])
})

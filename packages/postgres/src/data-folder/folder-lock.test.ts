import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

import { DataFolderLockedError } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { Child } from '../../fixtures/child.ts'
import { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { FolderLock, isLockFile } from './folder-lock.ts'
import { ownIdentity } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

/** Leaves a claim as another process would have. */
function claim(folder: TemporaryFolder, number: number, content: Partial<ProcessIdentity> | string): void {
  const text = typeof content === 'string' ? content : JSON.stringify({ ...ownIdentity(), ...content })
  writeFileSync(folder.at(`lock.${number}`), text)
}

test('the second to ask is refused with the pid of the first, also in one process', () => {
  using folder = new TemporaryFolder()
  using first = FolderLock.acquire(folder.path)
  expect(first).toBeInstanceOf(FolderLock)
  expect(() => FolderLock.acquire(folder.path)).toThrow(DataFolderLockedError)
  expect(() => FolderLock.acquire(folder.path)).toThrow(String(process.pid))
})

test('a lock that was given back can be taken again, and leaves no more than two claims behind', () => {
  using folder = new TemporaryFolder()
  for (let i = 0; i < 5; i++) FolderLock.acquire(folder.path)[Symbol.dispose]()
  expect(readdirSync(folder.path).toSorted()).toEqual(['lock.4', 'lock.5'])
  expect(readdirSync(folder.path).every(isLockFile)).toBe(true)
})

const deadClaims: readonly (readonly [string, () => Partial<ProcessIdentity> | string])[] = [
  ['of a process that is gone', () => ({ pid: deadPid() })],
  ['of another process that had our pid', () => ({ startedAt: 'long ago' })],
  ['from before the machine was started again', () => ({ boot: 'another' })],
  ['that a power loss left empty', () => ''],
]

test.for(deadClaims)('a claim %s is taken over', ([, content]) => {
  using folder = new TemporaryFolder()
  claim(folder, 7, content())
  using lock = FolderLock.acquire(folder.path)
  expect(lock).toBeInstanceOf(FolderLock)
  expect(readdirSync(folder.path).toSorted()).toEqual(['lock.7', 'lock.8'])
  expect(JSON.parse(readFileSync(folder.at('lock.8'), 'utf8'))).toMatchObject({ pid: process.pid })
})

test('a claim from another host is kept, and the error says which file to remove', () => {
  using folder = new TemporaryFolder()
  claim(folder, 1, { host: 'elsewhere', pid: 4242 })
  const error = (() => {
    try {
      FolderLock.acquire(folder.path)
      return undefined
    } catch (caught) {
      return caught
    }
  })()
  expect(error).toMatchObject({ code: 'ERR_DATA_FOLDER_LOCKED', pid: 4242, folder: folder.path })
  expect(String((error as Error).cause)).toContain(folder.at('lock.1'))
})

test('four processes that race for a lock over and over never have it at the same time', async () => {
  using folder = new TemporaryFolder()
  mkdirSync(folder.at('data'))
  writeFileSync(folder.at('data', 'lock.3'), JSON.stringify({ ...ownIdentity(), pid: deadPid() }))
  const children = Array.from({ length: 4 }, () => new Child('lock-child.ts', [folder.path, '40']))
  expect(await Promise.all(children.map(async (child) => await child.ended()))).toEqual([0, 0, 0, 0])
  expect(children.map(({ lines }) => lines)).toEqual(Array.from({ length: 4 }, () => ['won 40']))
})

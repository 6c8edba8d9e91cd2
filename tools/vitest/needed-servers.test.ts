import { expect, test } from 'vitest'

import type { Workspace } from '../workspaces.ts'
import { neededServers } from './needed-servers.ts'

function workspace(name: string, dependencies: readonly string[] = []): Workspace {
  const devDependencies = Object.fromEntries(dependencies.map((dependency) => [dependency, 'workspace:*']))
  const manifest = { name: `@millrace/${name}`, version: '0.0.0', devDependencies }
  return { name, kind: 'packages', folder: `packages/${name}`, manifest }
}

const workspaces = [
  workspace('redis'),
  workspace('query', ['@millrace/contracts']),
  workspace('tests-redis', ['@millrace/redis']),
]

test('a run of projects that know nothing of Redis starts none', () => {
  expect([...neededServers(['query'], workspaces)]).toEqual([])
})

test('a run starts Redis for its package and for every project that depends on it', () => {
  expect([...neededServers(['redis'], workspaces)]).toEqual(['redis'])
  expect([...neededServers(['query', 'tests-redis'], workspaces)]).toEqual(['redis'])
})

import { spawnSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { rootFolder } from './workspaces.ts'

function bootstrap(...args: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['tools/bootstrap.mjs', ...args], { cwd: rootFolder, encoding: 'utf8' })
}

test('an unknown task is refused with the usage', () => {
  const { status, stderr } = bootstrap('tset')
  expect(status).toBe(2)
  expect(stderr).toContain('unknown task: tset')
})

test('no task at all is refused with the usage', () => {
  const { status, stderr } = bootstrap()
  expect(status).toBe(2)
  expect(stderr).toContain('usage:')
})

test('an unknown app is refused with the names of those there are', () => {
  const { status, stderr } = bootstrap('app', 'inobx')
  expect(status).toBe(2)
  expect(stderr).toContain('inobx is not one of accounts, inbox, orders, person')
})

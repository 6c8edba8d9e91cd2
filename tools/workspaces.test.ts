import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { rootFolder, workspaces } from './workspaces.ts'

function treeWith(folders: Readonly<Record<string, string | undefined>>): string {
  const root = mkdtempSync(join(tmpdir(), 'millrace-workspaces-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [folder, name] of Object.entries(folders)) {
    mkdirSync(join(root, folder), { recursive: true })
    if (name !== undefined) writeFileSync(join(root, folder, 'package.json'), JSON.stringify({ name }))
  }
  return root
}

test('workspaces are the folders that have a package.json, named without the scope', () => {
  const root = treeWith({
    'tests/b': '@millrace/tests-b',
    'packages/b': '@millrace/b',
    'packages/a': '@millrace/a',
    'packages/left-over': undefined,
  })
  expect(workspaces(root).map(({ name, folder }) => `${name} ${folder}`)).toEqual([
    'a packages/a',
    'b packages/b',
    'tests-b tests/b',
  ])
})

test('a package is imported from its sources, under the tests as under Node', () => {
  const script = `console.log(import.meta.resolve('@millrace/contracts'))`
  const args = [...process.execArgv, '--input-type=module', '--eval', script]
  const resolved = execFileSync(process.execPath, args, { cwd: join(rootFolder, 'tools'), encoding: 'utf8' })
  expect(resolved.trim()).toMatch(/packages\/contracts\/src\/index\.ts$/)
})

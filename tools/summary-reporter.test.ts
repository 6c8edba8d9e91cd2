import { execFile } from 'node:child_process'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { rootFolder } from './workspaces.ts'

const fixtures = join(rootFolder, 'tools/fixtures/reporter')

interface Run {
  readonly lines: readonly string[]
  readonly lastLine: string | undefined
  readonly exitCode: number
}

function runFixture(name: string, ...options: readonly string[]): Promise<Run> {
  const vitest = join(rootFolder, 'node_modules/vitest/vitest.mjs')
  const folder = join(fixtures, name)
  const args = [vitest, 'run', '--config', join(fixtures, 'vitest.config.js'), '--root', folder, ...options]
  const { promise, resolve } = Promise.withResolvers<Run>()
  const child = execFile(process.execPath, args, (_error, stdout) => {
    const lines = stdout.trimEnd().split('\n')
    resolve({ lines, lastLine: lines.at(-1), exitCode: child.exitCode ?? -1 })
  })
  return promise
}

test('a passing run ends with its counts and code 0', async () => {
  expect(await runFixture('passing')).toMatchObject({ lastLine: '1 passed, 0 failed', exitCode: 0 })
})

test('skipped and unwritten tests count as failed', async () => {
  expect(await runFixture('skipping')).toMatchObject({ lastLine: '1 passed, 2 failed', exitCode: 1 })
})

test('tests left out by a name pattern do not count', async () => {
  const run = await runFixture('skipping', '-t', 'runs')
  expect(run).toMatchObject({ lastLine: '1 passed, 0 failed', exitCode: 0 })
})

test('a file that cannot be loaded counts as one failed', async () => {
  expect(await runFixture('uncollectable')).toMatchObject({ lastLine: '1 passed, 1 failed', exitCode: 1 })
})

test('an unhandled error counts as one failed', async () => {
  expect(await runFixture('unhandled')).toMatchObject({ lastLine: '1 passed, 1 failed', exitCode: 1 })
})

test('a failed set-up counts as one failed', async () => {
  expect(await runFixture('failing-set-up')).toMatchObject({ lastLine: '0 passed, 1 failed', exitCode: 1 })
})

test('a missed coverage threshold counts as one failed', async () => {
  const run = await runFixture('uncovered', '--coverage', '--coverage.thresholds.lines=95')
  expect(run).toMatchObject({ lastLine: '1 passed, 1 failed', exitCode: 1 })
})

test('a coverage threshold over no file at all counts as one failed', async () => {
  const run = await runFixture(
    'uncovered',
    '--coverage',
    '--coverage.thresholds.lines=1',
    '--coverage.include=no-such-folder/**',
  )
  expect(run).toMatchObject({ lastLine: '1 passed, 1 failed', exitCode: 1 })
})

test('a run without any test counts as one failed', async () => {
  expect(await runFixture('passing', 'no-such-file')).toMatchObject({
    lastLine: '0 passed, 1 failed',
    exitCode: 1,
  })
})

test('counts are given per level', async () => {
  const run = await runFixture('levels')
  expect(run.lines.slice(-4)).toEqual([
    'unit         1 of 1 passed',
    'integration  1 of 1 passed',
    'end to end   0 of 1 passed',
    '2 passed, 1 failed',
  ])
})

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { beforeAll, expect, test } from 'vitest'

import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const folder = fileURLToPath(new URL('../../fixtures/guarded', import.meta.url))
const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs')

interface Judged {
  readonly title: string
  readonly status: string
  readonly failureMessages: readonly string[]
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly Judged[] }[]
}

let judged: readonly Judged[] = []

function of(title: string): Judged {
  const found = judged.find((one) => one.title === title)
  if (found === undefined) throw new Error(`${title} was not run`)
  return found
}

beforeAll(async () => {
  await using output = await temporaryFolder()
  const file = join(output.path, 'report.json')
  const args = [
    '--config',
    join(folder, 'vitest.config.js'),
    '--root',
    folder,
    '--reporter=json',
    `--outputFile=${file}`,
  ]
  await new Promise((resolve) => {
    // It fails, as it must; what failed is in the report.
    execFile(process.execPath, [vitest, 'run', ...args], { cwd: folder }, resolve)
  })
  const [result] = (JSON.parse(await readFile(file, 'utf8')) as Report).testResults
  judged = result?.assertionResults ?? []
})

test.each(['asserts only by a spec', 'counts two assertions', 'is not blamed for what others left open'])(
  'a test that %s passes',
  (title) => {
    expect(of(title)).toMatchObject({ status: 'passed' })
  },
)

test.each(['forgets to assert', 'forgets what was given'])(
  'a test that %s fails, and is shown where',
  (title) => {
    const { status, failureMessages } = of(title)
    expect(status).toBe('failed')
    expect(failureMessages[0]).toMatch(/a spec was begun and asserts nothing[^]*specs\.fixture\.ts:\d+/)
  },
)

test('a test that asserts nothing fails as Vitest was told', () => {
  expect(of('asserts nothing at all').status).toBe('failed')
})

test('a test that fails anyway fails once', () => {
  const { failureMessages } = of('fails for its own reason alone')
  expect(failureMessages.map((message) => message.split('\n')[0])).toEqual(['Error: its own reason'])
})

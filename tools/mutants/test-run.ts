import { spawn } from 'node:child_process'
import type { SpawnOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { givenServersEnv } from '../vitest/given-servers.ts'
import type { Servers } from '../vitest/given-servers.ts'
import type { TestName } from './mutant.ts'

/** What became of one test. */
export type TestOutcome =
  | { readonly kind: 'passed' }
  /** An assertion of the test did not hold. */
  | { readonly kind: 'refuted'; readonly message: string }
  /** It did not run, or ended in something that proves nothing about the code. */
  | { readonly kind: 'broken'; readonly message: string }

/** The part of vitest's JSON report that is read here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[] | null
    }[]
  }[]
}

const runTimeoutMs = 180_000
const pattern = /[$()*+.?[\\\]^{|}]/g

/** What the report says of a test. */
export function outcomeOf(report: Report, { file, test }: TestName): TestOutcome {
  const module = report.testResults.find(({ name }) => name.endsWith(`/${file}`))
  // The report has a space where the pattern and everything else have ` > `.
  const reported = test.replaceAll(' > ', ' ')
  const result = module?.assertionResults.find(({ fullName }) => fullName === reported)
  if (result?.status === 'passed') return { kind: 'passed' }
  const [message = ''] = result?.failureMessages ?? []
  if (/^AssertionError\b/.test(message)) return { kind: 'refuted', message: message.split('\n', 1).join('') }
  const reason = [message, module?.message, result?.status].find((text) => text !== undefined && text !== '')
  return { kind: 'broken', message: reason?.split('\n', 1).join('') ?? 'the test was not found' }
}

/** Environment of a vitest of its own: what an outer one set would make it a part of that. */
function environment(servers: Servers): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$)/.test(name),
  )
  return { ...Object.fromEntries(own), ...givenServersEnv(servers), NO_COLOR: '1' }
}

/** Where tests run, and against what. */
export interface Bench {
  /** A copy of the repository. */
  readonly folder: string
  readonly servers: Servers
  /** Ends a run before its time. */
  readonly signal?: AbortSignal
}

/** Runs some tests of a copy of the repository, and no others, in one vitest. */
export async function runTests(
  { folder, servers, signal }: Bench,
  tests: readonly TestName[],
): Promise<(test: TestName) => TestOutcome> {
  const reportFile = join(folder, 'mutants-report.json')
  await rm(reportFile, { force: true })
  const named = tests.map(({ test }) => test.replaceAll(pattern, String.raw`\$&`)).join('|')
  const args = tests.flatMap(({ project, file }) => [`--project=${project}`, file])
  args.push('-t', `^(${named})$`, '--reporter=json', `--outputFile=${reportFile}`)
  const late = AbortSignal.timeout(runTimeoutMs)
  const said = await vitest(args, {
    cwd: folder,
    env: environment(servers),
    signal: signal === undefined ? late : AbortSignal.any([late, signal]),
  })
  signal?.throwIfAborted()
  if (!existsSync(reportFile)) return () => ({ kind: 'broken', message: said })
  const report = JSON.parse(await readFile(reportFile, 'utf8')) as Report
  return (test) => outcomeOf(report, test)
}

/** Runs until vitest ends, or until the signal; what it wrote last. */
async function vitest(
  args: readonly string[],
  options: SpawnOptions & { readonly cwd: string },
): Promise<string> {
  const script = join(options.cwd, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [script, 'run', ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // The signal's error says no more than the signal: what matters is that the process has ended.
  child.once('error', () => undefined)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said = (said + part).slice(-2000)))
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('close', () => resolve())
  await promise
  return said.trim()
}

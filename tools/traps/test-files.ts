import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The cases of a contract are tests of every adapter. */
const patterns = ['{apps,packages,tests,tools}/**/*.test.ts', 'packages/conformance/src/**/*-cases.ts']

/** A file of tests. */
export interface TestFile {
  /** From the repository's root. */
  readonly path: string
  readonly text: string
}

let files: readonly TestFile[] | undefined

/** Every test file of the repository; of each path below `under`. */
export function testFiles(under = ''): readonly TestFile[] {
  files ??= patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules', '**/dist'] }))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  return files.filter(({ path }) => path.startsWith(under))
}

const quotes = ["'", '"', '`']

/** Whether there is a test of exactly this name; where a list only tells of it, there is none. */
export function isTestName(name: string): boolean {
  const endings = quotes.flatMap((quote) => [`test(${quote}${name}${quote}`, `name: ${quote}${name}${quote}`])
  const ofTable = quotes.map((quote) => `)(${quote}${name}${quote}`)
  // A long name may stand in a line of its own.
  return testFiles().some(({ text }) => {
    const joined = text.replace(/\(\n\s+/g, '(').replaceAll(String.raw`\'`, "'")
    return [...endings, ...ofTable].some((each) => joined.includes(each))
  })
}

const trapName = /(?:\b(?:test|describe)(?:\.\w+)*\(|\)\(|\bname:)\s*['"`]trap (\d+): ([^'"`]+)/g

/** The names of the tests of each trap of observers, by its number. */
export function trapTests(): ReadonlyMap<number, readonly string[]> {
  const found = testFiles().flatMap(({ text }) =>
    [...text.matchAll(trapName)].map(([, number, name = '']) => [Number(number), name] as const),
  )
  const byNumber = Map.groupBy(found, ([number]) => number)
  return new Map([...byNumber].map(([number, names]) => [number, names.map(([, name]) => name)]))
}

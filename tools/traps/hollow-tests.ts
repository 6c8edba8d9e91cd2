import type { TestFile } from './test-files.ts'

/** A test that would pass whatever the code does. */
export interface HollowTest {
  readonly path: string
  readonly line: number
  readonly why: 'asserts nothing' | 'asserts a constant' | 'asserts only that something is there'
}

const opening = /^( *)test(?:\.\w+)*(?:\(|$)/
const constant = /\bexpect\((?:true|false|null|undefined|\d+|'[^']*')\)/
const assertion =
  /\bexpectTypeOf\b|\bexpect\w*(?:\.poll)?\(|\beventually\(|\bassert\w*\(|\bwaitUntil\(|\bproveSettings\(/
const matcher = /\.to[A-Z]\w*/g
const weak = new Set(['.toBeDefined', '.toBeTruthy'])

/** A word in a comment is no assertion. */
function codeOf(text: string): string {
  return text.replace(/\/\/.*$/gm, '')
}

function faultOf(block: string): HollowTest['why'] | undefined {
  const code = codeOf(block)
  if (!assertion.test(code)) return 'asserts nothing'
  if (constant.test(code)) return 'asserts a constant'
  const matchers = code.match(matcher) ?? []
  const isWeak = matchers.length > 0 && matchers.every((each) => weak.has(each))
  return isWeak && !/\beventually\(|\.poll\(|\.rejects|\.resolves/.test(code)
    ? 'asserts only that something is there'
    : undefined
}

/** The tests of a file of which nothing can fail; a test ends where a line closes it at its own depth. */
export function hollowTests({ path, text }: TestFile): readonly HollowTest[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const indent = opening.exec(line)?.[1]
    if (indent === undefined) return []
    const closing = new RegExp(`^${indent}(?:\\}\\)|\\}, |\\))`)
    const isClosed = (each: string): boolean => closing.test(each) && !each.endsWith(')(')
    const rest = lines.slice(index + 1).findIndex(isClosed)
    const isOneLine = line.endsWith(')') && !/[({[]$/.test(line)
    const block = isOneLine ? line : lines.slice(index, index + 2 + rest).join('\n')
    const why = faultOf(block)
    return why === undefined ? [] : [{ path, line: index + 1, why }]
  })
}

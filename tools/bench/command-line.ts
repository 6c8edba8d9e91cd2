import { parseArgs } from 'node:util'

import type { Suite } from './harness/suite.ts'

/** What was asked for. */
export interface Command {
  readonly suite: Suite
  readonly json: boolean
  readonly quick: boolean
  readonly only: string
}

const options = {
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
} as const

/** How the command is used. */
export function usageOf(suites: readonly Suite[]): string {
  const lines = suites.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`)
  return `usage: npm run bench -- SUITE [--json] [--only TEXT] [--quick]

${lines.join('\n')}

  --json       the rows as a JSON array on standard output, and nothing else
  --only TEXT  only the rows whose name holds TEXT
  --quick      as little as shows that everything runs; judges nothing
`
}

/** A command, or why there is none. */
export type Parsed = { readonly command: Command } | { readonly problem: string }

/** Reads the arguments after the script's name. */
export function parseCommandLine(args: readonly string[], suites: readonly Suite[]): Parsed {
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
  const [name, ...more] = parsed.positionals
  if (name === undefined) return { problem: 'no suite was named' }
  const [extra] = more
  if (extra !== undefined) return { problem: `one suite at a time: ${extra} is too much` }
  const suite = suites.find((each) => each.name === name)
  if (suite === undefined) return { problem: `unknown suite: ${name}` }
  return { command: { suite, ...parsed.values } }
}

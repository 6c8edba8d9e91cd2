import { isMap, isPair, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Node } from 'yaml'

import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'

/** Rules as they were written in a file. */
export interface ObserverFile {
  /** Names the file in errors. */
  readonly name: string
  readonly definitions: readonly unknown[]
  /** A problem with the line at which its setting stands in the file. */
  readonly locate: (problem: RuleProblem) => RuleProblem
}

const maxLength = 1_000_000
const step = /\[(\d+)\]|\.([^.[\]]+)/g

/** The nearest node to the end of a path. */
function nodeAt(root: Node | null, path: string): Node | null {
  let at: Node | null = root
  for (const [, index, name] of path.matchAll(step)) {
    const next =
      index === undefined ? valueOf(at, name ?? '') : isSeq(at) ? at.items[Number(index)] : undefined
    if (next === undefined || next === null) return at
    at = next as Node
  }
  return at
}

function valueOf(node: Node | null, name: string): unknown {
  if (!isMap(node)) return undefined
  const pair = node.items.find((each) => isPair(each) && String(each.key) === name)
  // A setting that is refused for its name, or whose value is nothing, stands where its name does.
  return pair?.value ?? pair?.key
}

/**
 * Reads a file of rules, YAML or JSON: a list of observers, or `observers:` and the list.
 * @throws {@link RuleError} with the line and column of what is no YAML
 */
export function parseObserverFile(text: string, name: string): ObserverFile {
  if (text.length > maxLength)
    throw new RuleError([{ place: name, problem: `is longer than ${maxLength} characters` }])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  if (document.errors.length > 0)
    throw new RuleError(
      document.errors.map(({ pos, message }) => ({ place: placeAt(pos[0]), problem: message })),
    )
  // Aliases may stand for more than the file holds: bounded, so that a small file cannot become a large one.
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new RuleError([{ place: placeAt(0), problem }], { cause })
  }
  const isWrapped = isMap(document.contents) && document.has('observers')
  const definitions = isWrapped ? (content as { readonly observers: unknown }).observers : content
  if (!Array.isArray(definitions))
    throw new RuleError([
      { place: placeAt(0), problem: 'must be a list of observers, or observers: and a list' },
    ])
  const root = isWrapped ? (document.get('observers', true) as Node | null) : document.contents
  const locate = (problem: RuleProblem): RuleProblem => {
    if (!problem.place.startsWith(name)) return problem
    const path = problem.place.slice(name.length)
    const range = nodeAt(root, path)?.range
    return { ...problem, place: `${placeAt(range?.[0] ?? 0)} ${path}` }
  }
  return { name, definitions, locate }
}

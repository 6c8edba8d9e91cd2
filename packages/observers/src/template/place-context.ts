import { TemplateSyntax } from './parse-template.ts'
import type { TemplatePiece } from './parse-template.ts'

/** Follows the text of a JSON template, so as to know of each value whether it stands in quotes. */
export class JsonContext {
  #inQuotes = false

  read(text: string): void {
    for (const [found] of text.matchAll(/\\.|"/gs)) if (found === '"') this.#inQuotes = !this.#inQuotes
  }

  get inQuotes(): boolean {
    return this.#inQuotes
  }
}

const verbatimElements = /<(script|style|textarea|title|iframe|noscript|xmp)\b[^>]*>(?!.*<\/\1)/is
const attribute = /([^\s"'<>/=]+)\s*=\s*(["'])([^"']*)$/
const addressAttributes = new Set([
  'href',
  'src',
  'action',
  'formaction',
  'background',
  'poster',
  'cite',
  'data',
])
const safeStart = /^(https?:\/\/|mailto:|tel:|\/|#|\?)/i

/**
 * What is wrong with a value at this place of an HTML text: escaping makes one harmless between tags and in a quoted
 * attribute, but nowhere else.
 */
function htmlProblem(before: string): string | undefined {
  const element = verbatimElements.exec(before)?.[1]
  if (element !== undefined) return `a value cannot stand inside of <${element.toLowerCase()}>`
  const open = before.lastIndexOf('<')
  const isInTag = open > before.lastIndexOf('>') || quotesOpen(before.slice(open))
  if (before.endsWith('<') || !isInTag)
    return before.endsWith('<') ? 'a value cannot be the name of a tag' : undefined
  const [, name = '', , written = ''] = attribute.exec(before.slice(open)) ?? []
  if (name === '') return 'a value in a tag must stand in a quoted attribute'
  const lower = name.toLowerCase()
  if (lower.startsWith('on') || lower === 'style' || lower === 'srcdoc')
    return `a value cannot stand in the attribute ${name}`
  return addressAttributes.has(lower) && !safeStart.test(written)
    ? `the address in ${name} must begin with fixed text such as https:// or /`
    : undefined
}

function quotesOpen(tag: string): boolean {
  return attribute.test(tag) && !/["']\s*>[^"']*$/.test(tag)
}

/** @throws {@link TemplateSyntax} for a value at a place of the HTML where escaping cannot make it harmless */
export function checkHtml(pieces: readonly TemplatePiece[]): void {
  let before = ''
  for (const piece of pieces) {
    if (piece.kind === 'text') before += piece.text
    else {
      const problem = htmlProblem(before)
      if (problem !== undefined) throw new TemplateSyntax(problem, piece.offset)
      before += 'x'
    }
  }
}

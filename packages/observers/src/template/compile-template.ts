import type { ConditionFields } from '../condition/condition-type.ts'
import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'
import { lineAndColumn } from '../errors/text-place.ts'
import { escapeFor } from './escape.ts'
import type { TemplatePlace } from './escape.ts'
import { createFilter } from './filters.ts'
import type { Filter } from './filters.ts'
import { parseTemplate, TemplateSyntax } from './parse-template.ts'
import type { TemplatePiece } from './parse-template.ts'
import { checkHtml, JsonContext } from './place-context.ts'
import { pathProblem, valueAt } from './value-path.ts'
import { jsonText, valueText } from './value-text.ts'

/** Values by variable. */
export type TemplateValues = Readonly<Record<string, unknown>>

/** A checked template; pure. */
export interface Template {
  /** The variables it names. */
  readonly variables: ReadonlySet<string>
  /** The secrets it names, as `secret.NAME`. */
  readonly secrets: ReadonlySet<string>
  /** The text before its first value. */
  readonly start: string
  /** True where it is the same text whatever the values are. */
  readonly isFixed: boolean
  /** What a value holds is put in as it is, escaped for the place, and never read as a template. */
  render(values: TemplateValues): string
}

/** Settings of {@link compileTemplate}. */
export interface TemplateOptions {
  /** Where the rendered text goes. */
  readonly for: TemplatePlace
  /** Names the template in errors. @defaultValue `'template'` */
  readonly place?: string
}

type Part =
  | string
  | { readonly value: (values: TemplateValues) => unknown; readonly write: (value: unknown) => string }

const maxLength = 100_000

/** The variable whose fields are secrets. */
export const secretVariable = 'secret'

class TemplateCompiler {
  readonly #text: string
  readonly #variables: ConditionFields
  readonly #options: TemplateOptions
  readonly #problems: RuleProblem[] = []
  readonly #json = new JsonContext()

  constructor(text: string, variables: ConditionFields, options: TemplateOptions) {
    this.#text = text
    this.#variables = variables
    this.#options = options
  }

  compile(): Template {
    const pieces = this.#parse()
    const parts = pieces.map((piece) => this.#part(piece))
    if (this.#problems.length === 0) this.#checkJson(parts)
    if (this.#problems.length > 0) throw new RuleError(this.#problems)
    const paths = pieces.flatMap((piece) => (piece.kind === 'value' ? [piece.path] : []))
    const [first] = parts
    return {
      variables: new Set(paths.flatMap(([name]) => name ?? [])),
      secrets: new Set(
        paths.flatMap(([root, name]) => (root === secretVariable && name !== undefined ? [name] : [])),
      ),
      start: typeof first === 'string' ? first : '',
      isFixed: paths.length === 0,
      render: (values) => renderParts(parts, values),
    }
  }

  #parse(): readonly TemplatePiece[] {
    if (typeof this.#text !== 'string') throw new RuleError([this.#problem('must be text', 0)])
    if (this.#text.length > maxLength)
      throw new RuleError([this.#problem(`is longer than ${maxLength} characters`, maxLength)])
    try {
      const pieces = parseTemplate(this.#text)
      if (this.#options.for === 'html') checkHtml(pieces)
      return pieces
    } catch (error) {
      if (!(error instanceof TemplateSyntax)) throw error
      throw new RuleError([this.#problem(error.message, error.offset)], { cause: error })
    }
  }

  #part(piece: TemplatePiece): Part {
    if (piece.kind === 'text') {
      this.#json.read(piece.text)
      return piece.text
    }
    const { path, offset, filters } = piece
    const problem = pathProblem(path, this.#variables)
    if (problem !== undefined) this.#problems.push(this.#problem(problem, offset))
    const steps: Filter[] = []
    for (const { name, args, offset: at } of filters) {
      const filter = createFilter(name, args)
      if (typeof filter === 'function') steps.push(filter)
      else this.#problems.push(this.#problem(filter.problem, at))
    }
    const value = (values: TemplateValues): unknown =>
      steps.reduce((at, step) => step(at), valueAt(values, path))
    return { value, write: this.#writer(offset) }
  }

  #writer(offset: number): (value: unknown) => string {
    const { for: place } = this.#options
    // A URL may begin with a value that is one: where a customer wants to be called.
    if (place === 'url' && offset === 0) return (value) => valueText(value).trim()
    // Outside of quotes a value is written whole, whatever JSON it is.
    if (place === 'json' && !this.#json.inQuotes) return (value) => jsonText(value ?? null)
    return (value) => escapeFor(place, valueText(value))
  }

  /** Whatever the values are, the text is JSON if it is with `null` in place of each. */
  #checkJson(parts: readonly Part[]): void {
    if (this.#options.for !== 'json') return
    try {
      JSON.parse(renderParts(parts, {}))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#problems.push(this.#problem(`gives no JSON: ${reason}`, 0))
    }
  }

  #problem(problem: string, offset: number): RuleProblem {
    const { place = 'template' } = this.#options
    return { place, ...lineAndColumn(this.#text, offset), problem }
  }
}

function renderParts(parts: readonly Part[], values: TemplateValues): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.write(part.value(values)))).join('')
}

/**
 * Reads and checks a text with values in double braces: `{{ data.total | number: 2 }}`. A path leads from a variable through
 * fields and indexes; filters follow: `date`, `number`, `default`, `json`, `upper`, `lower`, `trim`, `truncate`. A value that
 * is not there is empty, in JSON outside of quotes `null`.
 *
 * @throws {@link RuleError} with the line and column of unknown variables, fields and filters
 */
export function compileTemplate(
  text: string,
  variables: ConditionFields,
  options: TemplateOptions,
): Template {
  return new TemplateCompiler(text, variables, options).compile()
}

/** A checked JSON value with templates in its texts. */
export interface JsonTemplate {
  readonly variables: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
  render(values: TemplateValues): unknown
}

const wholeValue = /^\s*\{\{(?:(?!\{\{)[\s\S])*\}\}\s*$/

/**
 * A JSON value whose texts are templates, so that what comes out is JSON whatever the values hold. A text that is nothing but
 * one pair of braces becomes the value itself: a number stays a number. Names are no templates.
 *
 * @throws {@link RuleError}
 */
export function compileJsonTemplate(
  value: unknown,
  variables: ConditionFields,
  options: { readonly place: string; readonly for?: 'text' | 'slack' },
): JsonTemplate {
  const used = new Set<string>()
  const secrets = new Set<string>()
  const problems: RuleProblem[] = []
  const write = options.for ?? 'text'
  const compileText = (text: string, place: string): ((values: TemplateValues) => unknown) => {
    try {
      // Slack's texts are mark-up: a whole value would stand there unescaped.
      const isWhole = write === 'text' && wholeValue.test(text)
      const template = compileTemplate(isWhole ? text.trim() : text, variables, {
        for: isWhole ? 'json' : write,
        place,
      })
      for (const name of template.variables) used.add(name)
      for (const name of template.secrets) secrets.add(name)
      return isWhole
        ? (values) => JSON.parse(template.render(values)) as unknown
        : (values) => template.render(values)
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      problems.push(...error.problems)
      return () => null
    }
  }
  const compile = (at: unknown, place: string): ((values: TemplateValues) => unknown) => {
    if (typeof at === 'string') return compileText(at, place)
    if (Array.isArray(at)) {
      const each = at.map((item: unknown, index) => compile(item, `${place}[${index}]`))
      return (values) => each.map((item) => item(values))
    }
    if (typeof at !== 'object' || at === null) return () => at
    const entries = Object.entries(at).map(
      ([name, item]) => [name, compile(item, `${place}.${name}`)] as const,
    )
    return (values) => Object.fromEntries(entries.map(([name, item]) => [name, item(values)]))
  }
  const render = compile(value, options.place)
  if (problems.length > 0) throw new RuleError(problems)
  return { variables: used, secrets, render }
}

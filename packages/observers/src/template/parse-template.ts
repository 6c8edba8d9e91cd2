import type { FilterArgument } from './filters.ts'

/** A piece of a template as it was written. */
export type TemplatePiece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'value'
      /** Of the opening braces. */
      readonly offset: number
      /** `data`, `lines`, `0`, `sku`. */
      readonly path: readonly string[]
      readonly filters: readonly ParsedFilter[]
    }

/** A filter and what it is given. */
interface ParsedFilter {
  readonly name: string
  readonly args: readonly FilterArgument[]
  readonly offset: number
}

/** A template that cannot be read. */
export class TemplateSyntax extends Error {
  override readonly name = 'TemplateSyntax'
  readonly offset: number
  constructor(problem: string, offset: number) {
    super(problem)
    this.offset = offset
  }
}

const token =
  /\s*(?:(?<name>[A-Za-z_][\w-]*)|(?<number>-?\d+(?:\.\d+)?)|(?<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<sign>[.|:,[\]]))/y

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign'
  readonly text: string
  readonly offset: number
}

/** Reads the inside of one pair of braces. */
class ValueReader {
  readonly #tokens: readonly Token[]
  readonly #end: number
  #next = 0

  constructor(inside: string, offset: number) {
    this.#tokens = [...tokensOf(inside, offset)]
    this.#end = offset + inside.length
  }

  read(offset: number): TemplatePiece {
    const path = this.#path()
    const filters: ParsedFilter[] = []
    while (this.#takeSign('|')) filters.push(this.#filter())
    if (this.#next < this.#tokens.length) this.#fail('expected | or }}')
    return { kind: 'value', offset, path, filters }
  }

  #path(): readonly string[] {
    const path = [this.#take('name', 'expected a variable')]
    for (;;) {
      if (this.#takeSign('.')) path.push(this.#take('name', 'expected a field'))
      else if (this.#takeSign('[')) {
        const at = this.#tokens[this.#next]
        path.push(
          at?.kind === 'text'
            ? unquote(this.#take('text', ''))
            : this.#take('number', 'expected an index or a field in quotes'),
        )
        if (!this.#takeSign(']')) this.#fail('expected ]')
      } else return path
    }
  }

  #filter(): ParsedFilter {
    const offset = this.#offset()
    const name = this.#take('name', 'expected a filter')
    const args: FilterArgument[] = []
    if (this.#takeSign(':'))
      do args.push(this.#argument())
      while (this.#takeSign(','))
    return { name, args, offset }
  }

  #argument(): FilterArgument {
    const at = this.#tokens[this.#next]
    if (at?.kind === 'number') return Number(this.#take('number', ''))
    if (at?.kind === 'text') return unquote(this.#take('text', ''))
    const word = this.#take('name', 'expected a value in quotes, a number, true or false')
    if (word !== 'true' && word !== 'false') {
      this.#next--
      this.#fail('expected a value in quotes, a number, true or false')
    }
    return word === 'true'
  }

  #takeSign(sign: string): boolean {
    const at = this.#tokens[this.#next]
    if (at?.kind !== 'sign' || at.text !== sign) return false
    this.#next++
    return true
  }

  #take(kind: Token['kind'], problem: string): string {
    const at = this.#tokens[this.#next]
    if (at?.kind !== kind) return this.#fail(problem)
    this.#next++
    return at.text
  }

  #offset(): number {
    return this.#tokens[this.#next]?.offset ?? this.#end
  }

  #fail(problem: string): never {
    throw new TemplateSyntax(problem, this.#offset())
  }
}

function* tokensOf(inside: string, offset: number): Generator<Token> {
  const end = inside.trimEnd().length
  for (let at = 0; at < end;) {
    token.lastIndex = at
    const found = token.exec(inside)
    const groups = found?.groups
    if (found === null || groups === undefined)
      throw new TemplateSyntax(`unexpected ${JSON.stringify(inside.slice(at).trimStart()[0])}`, offset + at)
    for (const kind of ['name', 'number', 'text', 'sign'] as const) {
      const text = groups[kind]
      if (text !== undefined) yield { kind, text, offset: offset + token.lastIndex - text.length }
    }
    at = token.lastIndex
  }
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1')
}

/** Where the braces close that opened before `from`; a quote inside may hold braces of its own. */
function closing(text: string, from: number): number {
  const braces = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\}\}/gs
  braces.lastIndex = from
  for (let found = braces.exec(text); found !== null; found = braces.exec(text))
    if (found[0] === '}}') return found.index
  throw new TemplateSyntax('{{ is not closed', from - 2)
}

/** Splits a template into text and values. @throws {@link TemplateSyntax} */
export function parseTemplate(text: string): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = []
  let at = 0
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    if (open > at) pieces.push({ kind: 'text', text: text.slice(at, open) })
    const close = closing(text, open + 2)
    pieces.push(new ValueReader(text.slice(open + 2, close), open + 2).read(open))
    at = close + 2
  }
  if (at < text.length) pieces.push({ kind: 'text', text: text.slice(at) })
  return pieces
}

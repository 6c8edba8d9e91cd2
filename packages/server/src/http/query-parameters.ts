import { InvalidValueError } from '@millrace/contracts'

/** The query of a URL, with every parameter accounted for. */
export class QueryParameters {
  readonly #parameters: URLSearchParams

  /** @throws {@link InvalidValueError} for a parameter that is not one of `known`. */
  constructor(request: Request, known: readonly string[]) {
    this.#parameters = new URL(request.url).searchParams
    for (const name of this.#parameters.keys())
      if (!known.includes(name))
        throw new InvalidValueError(
          name,
          known.length === 0
            ? 'left out: no parameter is known here'
            : `one of the known parameters: ${known.join(', ')}`,
        )
  }

  /** One text; undefined where it is missing. @throws {@link InvalidValueError} when given twice or empty */
  text(name: string): string | undefined {
    const [value, ...more] = this.#parameters.getAll(name)
    if (more.length > 0) throw new InvalidValueError(name, 'given once')
    if (value === '') throw new InvalidValueError(name, 'a value, or left out')
    return value
  }

  /** Several texts, by repetition or with commas; undefined where it is missing. */
  list(name: string): readonly string[] | undefined {
    const values = this.#parameters.getAll(name).flatMap((value) => value.split(','))
    return values.length === 0 ? undefined : values
  }

  /** @throws {@link InvalidValueError} unless missing or digits only. */
  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (!/^\d{1,15}$/.test(text)) throw new InvalidValueError(name, 'a whole number')
    return Number(text)
  }

  /** @throws {@link InvalidValueError} unless missing, `true` or `false`. */
  flag(name: string): boolean | undefined {
    const text = this.text(name)
    if (text !== undefined && text !== 'true' && text !== 'false')
      throw new InvalidValueError(name, 'true or false')
    return text === undefined ? undefined : text === 'true'
  }

  /** @throws {@link InvalidValueError} unless missing or one of the allowed texts. */
  choice<Value extends string>(name: string, allowed: readonly Value[]): Value | undefined {
    const text = this.text(name)
    const found = allowed.find((value) => value === text)
    if (text !== undefined && found === undefined)
      throw new InvalidValueError(name, `one of ${allowed.join(', ')}`)
    return found
  }
}

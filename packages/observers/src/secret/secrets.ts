/** Where secrets come from; undefined for one that is not there. */
export type SecretResolver = (name: string) => string | undefined

/** Secrets from the environment. */
export const environmentSecrets: SecretResolver = (name) => process.env[name]

export const secretMark = '***'

/** Hands secrets out, and takes them out again of whatever is shown or kept. */
export class Secrets {
  readonly #resolve: SecretResolver
  /** Every value ever handed out: an error of an attempt may come after a rotation. */
  readonly #values = new Set<string>()

  constructor(resolve: SecretResolver) {
    this.#resolve = resolve
  }

  /** Undefined for one that is not there, or is empty. */
  get(name: string): string | undefined {
    const value: unknown = this.#resolve(name)
    // An environment answers `constructor` with what every object has: nothing to be told, or to be redacted.
    if (typeof value !== 'string' || value === '') return undefined
    this.#values.add(value)
    return value
  }

  /** The text without any secret, also as it stands in a URL or in JSON. */
  redact(text: string): string {
    let redacted = text
    for (const value of [...this.#values].toSorted((a, b) => b.length - a.length))
      for (const form of new Set([
        value,
        encodeURIComponent(value),
        JSON.stringify(value).slice(1, -1),
        Buffer.from(value).toString('base64'),
      ]))
        redacted = redacted.replaceAll(form, secretMark)
    return redacted
  }
}

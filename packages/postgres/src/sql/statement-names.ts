/** A prepared statement lives in every connection's memory; a text beyond these is sent unprepared. */
const maxNames = 1_000

/** Names a prepared statement after its text, for as long as the process runs. */
export class StatementNames {
  readonly #names = new Map<string, string>()

  /** Undefined when there are too many different texts: then they are hardly constants. */
  nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined || this.#names.size >= maxNames) return known
    const name = `millrace_${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}

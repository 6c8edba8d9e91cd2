/** An iteration that shows what comes next before it is taken. */
export class Peeked<T extends { readonly streamId: string }> {
  readonly #source: AsyncIterator<T, unknown>
  #next: T | undefined

  private constructor(source: AsyncIterator<T, unknown>) {
    this.#source = source
  }

  static async of<T extends { readonly streamId: string }>(
    source: AsyncIterator<T, unknown>,
  ): Promise<Peeked<T>> {
    const peeked = new Peeked(source)
    await peeked.#advance()
    return peeked
  }

  /** Undefined at the end. */
  get streamId(): string | undefined {
    return this.#next?.streamId
  }

  /** What comes next, if it is of this stream. */
  of(streamId: string): T | undefined {
    return this.#next?.streamId === streamId ? this.#next : undefined
  }

  /** Takes what comes next. */
  async take(): Promise<void> {
    await this.#advance()
  }

  async #advance(): Promise<void> {
    const next = await this.#source.next()
    this.#next = next.done === true ? undefined : next.value
  }
}

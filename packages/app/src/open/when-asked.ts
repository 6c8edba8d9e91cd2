/** What is opened for the first who asks: most of those who only look never do. An opening that failed is tried again. */
export class WhenAsked<Opened extends AsyncDisposable> implements AsyncDisposable {
  readonly #open: () => Promise<Opened>
  #opening: Promise<Opened> | undefined

  constructor(open: () => Promise<Opened>) {
    this.#open = open
  }

  async get(): Promise<Opened> {
    this.#opening ??= this.#open()
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Of an opening that fails meanwhile there is nothing to close; who asked is told why.
    const opened = await this.#opening?.catch(() => undefined)
    await opened?.[Symbol.asyncDispose]()
  }
}

/** Aborts when nothing has come for too long; the time runs only while something is waited for. */
export class Silence implements Disposable {
  readonly #ended = new AbortController()
  readonly #afterMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(afterMs: number) {
    this.#afterMs = afterMs
    this.#wait()
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** The chunks as they come. One that keeps its reader busy is not silence. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      clearTimeout(this.#timer)
      yield chunk
      this.#wait()
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #wait(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#ended.abort(new DOMException('nothing was sent for too long', 'TimeoutError'))
    }, this.#afterMs)
  }
}

/** Aborts when nothing was heard for too long. */
export class Silence implements Disposable {
  readonly #ended = new AbortController()
  readonly #afterMs: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(afterMs: number) {
    this.#afterMs = afterMs
    this.heard()
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** There was a sign of life: the time begins anew. */
  heard(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ended.abort(), this.#afterMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

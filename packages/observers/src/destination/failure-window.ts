/** Calls and failures of the last while, in a fixed number of slices. */
export class FailureWindow {
  readonly #sliceMs: number
  readonly #slices: { from: number; calls: number; failures: number }[]

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / sliceCount
    this.#slices = Array.from({ length: sliceCount }, () => ({ from: -1, calls: 0, failures: 0 }))
  }

  add(now: number, isFailure: boolean): void {
    const from = Math.floor(now / this.#sliceMs)
    const slice = this.#slices[from % sliceCount]
    if (slice === undefined) return
    if (slice.from !== from) Object.assign(slice, { from, calls: 0, failures: 0 })
    slice.calls++
    if (isFailure) slice.failures++
  }

  /** Of the window that ends now. */
  count(now: number): { readonly calls: number; readonly failures: number } {
    const newest = Math.floor(now / this.#sliceMs)
    const live = this.#slices.filter(({ from }) => from > newest - sliceCount && from <= newest)
    return {
      calls: live.reduce((sum, { calls }) => sum + calls, 0),
      failures: live.reduce((sum, { failures }) => sum + failures, 0),
    }
  }

  clear(): void {
    for (const slice of this.#slices) slice.from = -1
  }
}

const sliceCount = 20

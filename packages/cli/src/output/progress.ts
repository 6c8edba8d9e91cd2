import type { Writable } from 'node:stream'

import { Presets, SingleBar } from 'cli-progress'

/** Where progress is shown. */
type Stream = Writable & { readonly isTTY?: boolean }

const stepPercent = 10

/** Shows how far something has got: as a bar on a terminal, elsewhere as a line every ten percent. */
export class Progress implements Disposable {
  readonly #stream: Stream
  readonly #unit: string
  readonly #bar: SingleBar | undefined
  #shown = 0
  #started = false

  constructor(stream: Stream, unit: 'events' | 'commits' = 'events') {
    this.#stream = stream
    this.#unit = unit
    const format = `{bar} {percentage} %  {value} of {total} ${unit}, {eta_formatted} left`
    this.#bar =
      stream.isTTY === true
        ? new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true }, Presets.shades_classic)
        : undefined
  }

  /** So many of so many are done. */
  show(done: number, total: number): void {
    if (this.#bar === undefined) this.#tell(done, total)
    else this.#move(this.#bar, done, total)
  }

  [Symbol.dispose](): void {
    if (this.#started) this.#bar?.stop()
  }

  #move(bar: SingleBar, done: number, total: number): void {
    if (!this.#started) bar.start(total, done)
    this.#started = true
    bar.setTotal(total)
    bar.update(done)
  }

  #tell(done: number, total: number): void {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
    if (percent < this.#shown + stepPercent) return
    this.#shown = percent - (percent % stepPercent)
    this.#stream.write(`${percent} %  ${done} of ${total} ${this.#unit}\n`)
  }
}

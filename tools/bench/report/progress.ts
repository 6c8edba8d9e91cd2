import type { ProgressListener } from '../harness/run-suite.ts'

/** Where progress is shown. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

const clearLine = '\r\u001b[K'

/**
 * Shows how far a run is: one line that changes on a terminal, elsewhere a line for each contest. Disposing of it takes
 * the terminal's line away.
 */
export class Progress implements ProgressListener, Disposable {
  readonly #output: ProgressOutput
  #shown = ''

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  readonly progress = (done: number, contest: string): void => {
    const line = `${String(Math.floor(done * 100)).padStart(3)} %  ${contest}`
    if (this.#output.isTTY === true) this.#output.write(clearLine + line)
    else if (this.#shown !== contest) this.#output.write(`${line}\n`)
    this.#shown = contest
  };

  [Symbol.dispose](): void {
    if (this.#output.isTTY === true && this.#shown !== '') this.#output.write(clearLine)
  }
}

import { styleText } from 'node:util'

import type { CliIo } from '../io.ts'
import { neutralise, neutraliseJson } from './neutralise.ts'

/** Results on standard output, everything else on standard error. */
export class Printer {
  readonly json: boolean
  readonly #io: CliIo

  constructor(io: CliIo, json: boolean) {
    this.#io = io
    this.json = json
  }

  /** A result: as JSON where that was asked for, else as the text. */
  async result(value: unknown, text: () => string): Promise<void> {
    await this.#write(this.json ? `${neutraliseJson(JSON.stringify(value, undefined, 2))}\n` : text())
  }

  /** One of many results: one line of JSON, else the text. */
  async line(value: unknown, text: () => string): Promise<void> {
    await this.#write(this.json ? `${neutraliseJson(JSON.stringify(value))}\n` : text())
  }

  /** Something the reader should know that is no result. */
  note(text: string): void {
    this.#io.stderr.write(`${neutralise(text)}\n`)
  }

  /** Coloured on a terminal that wants colours. */
  mark(kind: 'good' | 'warn' | 'bad', text: string): string {
    const { stdout, env } = this.#io
    if (stdout.isTTY !== true || (env['NO_COLOR'] ?? '') !== '') return text
    const colour = { good: 'green', warn: 'yellow', bad: 'red' } as const
    return styleText(colour[kind], text, { validateStream: false })
  }

  /** Resolves when the text was taken; a reader that went away is an error with the code EPIPE. */
  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#io.stdout.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }
}

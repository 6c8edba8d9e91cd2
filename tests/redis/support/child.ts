import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A script of this folder in a process of its own. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown>
  readonly #lines: AsyncIterableIterator<string>

  constructor(script: string, order: unknown) {
    const file = new URL(script, import.meta.url).pathname
    const args = ['--conditions=@millrace/source', file, JSON.stringify(order)]
    this.#process = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-compile-cache') },
    })
    this.#exit = once(this.#process, 'exit')
    const { stdout } = this.#process
    if (stdout === null) throw new Error('the standard output of a child is a pipe')
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]()
  }

  /** The next line it prints. @throws when the process ends before */
  async line(): Promise<string> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error('the child ended')
    return next.value
  }

  /** Lets one go on that waits for its standard input. */
  go(): void {
    this.#process.stdin?.end('go\n')
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    this.#process.stdout?.resume()
    await this.#exit
    return this.#process.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill()
  }
}

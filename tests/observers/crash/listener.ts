import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import type { ListenerOrder } from './listener-main.ts'

const main = fileURLToPath(new URL('listener-main.ts', import.meta.url))

/** A listener in a process of its own, loaded and waiting; killed when it is disposed of. */
export class Listener implements AsyncDisposable {
  /** Also of its connections to the database. */
  readonly name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #said = new Set<string>()
  readonly #ended: Promise<NodeJS.Signals | null>
  #heard = Promise.withResolvers<void>()
  #isOver = false

  /** What it writes to standard error comes through. */
  constructor(name: string) {
    this.name = name
    this.#child = spawn(process.execPath, ['--conditions=@millrace/source', main], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-compile-cache') },
    })
    // Whether it is there to be told shows by what it says.
    this.#child.stdin.on('error', () => undefined)
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#said.add((JSON.parse(line) as { readonly kind: string }).kind)
      this.#tell()
    })
    this.#ended = once(this.#child, 'close').then(() => {
      this.#isOver = true
      this.#tell()
      return this.#child.signalCode
    })
  }

  begin(order: ListenerOrder): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`)
  }

  /** Whether it has said so before it ended, and within the time. */
  async says(kind: 'loaded' | 'running' | 'fault', timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    while (!this.#said.has(kind)) {
      const leftMs = deadline - performance.now()
      if (this.#isOver || leftMs <= 0) return false
      const timer = setTimeout(() => this.#tell(), leftMs)
      await this.#heard.promise
      clearTimeout(timer)
    }
    return true
  }

  /** SIGKILL; resolves with what ended it. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.#child.kill('SIGKILL')
    return await this.#ended
  }

  /** Resolves with the signal that ended it. */
  async ended(): Promise<NodeJS.Signals | null> {
    return await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #tell(): void {
    this.#heard.resolve()
    this.#heard = Promise.withResolvers()
  }
}

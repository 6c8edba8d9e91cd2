import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readyMs = 90_000

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The app as a process of its own, as `npm run app -- orders serve` starts it. Disposing kills it. */
export class OrdersProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<Exit>
  #exit: Exit | undefined
  #output = ''

  private constructor(env: Readonly<Record<string, string>>) {
    this.#child = spawn(
      process.execPath,
      ['--conditions=@millrace/source', join(root, 'apps/orders/src/main.ts'), 'serve'],
      { cwd: root, env: { PATH: process.env['PATH'], PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const note = (chunk: Buffer): void => void (this.#output += chunk.toString())
    this.#child.stdout?.on('data', note)
    this.#child.stderr?.on('data', note)
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve((this.#exit = { code, signal })))
    })
  }

  /** Starts one and waits until it is ready. @throws an Error with what it wrote where it ends before */
  static async start(env: Readonly<Record<string, string>>): Promise<OrdersProcess> {
    const orders = new OrdersProcess(env)
    const deadline = performance.now() + readyMs
    while (orders.#readyUrl === undefined) {
      if (orders.#exit !== undefined || performance.now() > deadline) {
        await orders[Symbol.asyncDispose]()
        throw new Error(`the app was never ready:\n${orders.#output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return orders
  }

  get url(): string {
    return this.#readyUrl ?? ''
  }

  /** Standard output and standard error. */
  get output(): string {
    return this.#output
  }

  async stop(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal)
    return await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }

  get #readyUrl(): string | undefined {
    return /^ready (\S+)$/m.exec(this.#output)?.[1]
  }
}

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { failure } from '../difference/mismatch.ts'
import { nameOf } from '../failpoints/place.ts'
import type { Place } from '../failpoints/place.ts'
import { ordersVariable } from './orders.ts'
import type { Orders } from './orders.ts'

const fromSource = import.meta.url.endsWith('.ts')
const preload = new URL(fromSource ? './orders-preload.ts' : './orders-preload.js', import.meta.url).href

/** Where a script is killed. */
export interface CrashPoint {
  /** `any` counts all places together. */
  readonly at: Place | 'any'
  /** Which of the times it is reached, from 1. @defaultValue 1 */
  readonly hit?: number
}

/** Settings of {@link startScript}. */
export interface ScriptOptions {
  /** @defaultValue none */
  readonly args?: readonly string[]
  /** Added to this process's environment. @defaultValue none */
  readonly env?: Readonly<Record<string, string>>
  /** Flags of Node, as `['--import', 'tsx']`. @defaultValue none */
  readonly nodeArgs?: readonly string[]
  /** Ends the process as by `kill -9` there. @defaultValue nowhere */
  readonly crash?: CrashPoint
}

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const tailLength = 4000

/** A script in a process of its own, gone with its starter's `await using`. */
export class ScriptProcess implements AsyncDisposable {
  /** What it wrote to standard output, line by line. */
  readonly lines: string[] = []
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<Exit>
  #stderr = ''
  /** With its pipes: what it wrote last may come when it is gone already. */
  #isOver = false
  #changed = Promise.withResolvers<void>()

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child
    // When its pipes are closed as well, so that every line is in.
    this.#ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }))
    void this.#ended.then(() => {
      this.#isOver = true
      this.#notice()
    })
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      this.#stderr = (this.#stderr + part).slice(-tailLength)
    })
    createInterface(child.stdout).on('line', (line) => {
      this.lines.push(line)
      this.#notice()
    })
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The end of what it wrote to standard error. */
  get stderr(): string {
    return this.#stderr
  }

  /**
   * The first line that holds a text or fits a pattern, once it is there.
   * @throws AssertionError when the process ends before, or time runs out
   */
  async line(pattern: string | RegExp, timeoutMs = 10_000): Promise<string> {
    const fits = (line: string): boolean =>
      typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const found = this.lines.find(fits)
      if (found !== undefined) return found
      const why = this.#isOver ? 'the process ended' : `${timeoutMs} ms passed`
      if (this.#isOver || performance.now() >= deadline)
        throw failure(`no line with ${String(pattern)}: ${why}\n${this.#output()}`)
      await this.#change(deadline - performance.now())
    }
  }

  /** How it ended, once it has. @throws AssertionError when it runs on; it is killed then */
  async ended(timeoutMs = 30_000): Promise<Exit> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => late.resolve(undefined), timeoutMs)
    const exit = await Promise.race([this.#ended, late.promise])
    clearTimeout(timer)
    if (exit !== undefined) return exit
    await this.kill()
    throw failure(`the script had not ended after ${timeoutMs} ms\n${this.#output()}`)
  }

  /** Ends it, by default as by `kill -9`; resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#child.kill(signal)
    // A process that stands still takes no other signal than these two.
    this.#child.kill('SIGCONT')
    return await this.#ended
  }

  /** It stands still with its connections open, as a machine that swaps does. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #output(): string {
    return `its output: ${this.lines.slice(-20).join('\n')}\nits errors: ${this.#stderr}`
  }

  async #change(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#notice(), ms)
    await this.#changed.promise
    clearTimeout(timer)
  }

  #notice(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

function start(script: URL | string, options: ScriptOptions, orders: Orders): ScriptProcess {
  const file = typeof script === 'string' ? script : fileURLToPath(script)
  const flags = [...(fromSource ? ['--conditions=@millrace/source'] : []), '--import', preload]
  const child = spawn(
    process.execPath,
    [...flags, ...(options.nodeArgs ?? []), file, ...(options.args ?? [])],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env, [ordersVariable]: JSON.stringify(orders) },
    },
  )
  return new ScriptProcess(child)
}

/** Runs a script of Node in a process of its own, which may be killed at a failpoint without knowing of it. */
export function startScript(script: URL | string, options: ScriptOptions = {}): ScriptProcess {
  const { crash } = options
  if (crash === undefined) return start(script, options, {})
  const at = crash.at === 'any' ? 'any' : nameOf(crash.at)
  return start(script, options, { crash: { at, hit: crash.hit ?? 1 } })
}

/** Runs a script that writes down at its end how often it reached each failpoint. */
export function startReportingScript(
  script: URL | string,
  options: ScriptOptions,
  report: string,
): ScriptProcess {
  return start(script, options, { report })
}

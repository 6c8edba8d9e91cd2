import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import type { LaneOpener } from './declaration.ts'
import type { Lane } from './lane.ts'
import { LaneError } from './messages.ts'
import type { LaneAnswer, LaneRequest } from './messages.ts'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

// Node strips no types inside node_modules: an installed copy of this package runs what was built.
const fromSource = import.meta.url.endsWith('.ts')

/** A lane in a process of its own; disposing it ends the process. */
export class ProcessLane implements Lane {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => this.#settle(message as LaneAnswer))
    child.on('error', (error) => this.#fail(error))
    child.once('exit', (code) => this.#fail(new Error(`a lane's process ended with code ${code}`)))
  }

  /** Starts the process and opens its store. */
  static async start(opener: LaneOpener): Promise<ProcessLane> {
    const script = new URL(fromSource ? './lane-worker.ts' : './lane-worker.js', import.meta.url)
    const execArgv = fromSource ? ['--conditions=@millrace/source'] : []
    const child = fork(script, [], { serialization: 'advanced', execArgv })
    const lane = new ProcessLane(child)
    const opened = lane.#expect(0)
    child.send({ module: opener.module, export: opener.export, argument: opener.argument() })
    try {
      await opened
    } catch (error) {
      child.kill()
      throw error
    }
    return lane
  }

  readonly append: Lane['append'] = async (...parameters) => await this.#ask('append', parameters)
  readonly commit: Lane['commit'] = async (...parameters) => await this.#ask('commit', parameters)
  readonly follow: Lane['follow'] = async (...parameters) => await this.#ask('follow', parameters)

  async #ask<T>(work: LaneRequest['work'], parameters: readonly unknown[]): Promise<T> {
    this.#calls += 1
    const call = this.#calls
    const answered = this.#expect(call)
    this.#child.send({ call, work, parameters })
    return (await answered) as T
  }

  async #expect(call: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(call, { resolve, reject })
    return await promise
  }

  #settle(answer: LaneAnswer): void {
    const waiting = this.#waiting.get(answer.call)
    this.#waiting.delete(answer.call)
    if (answer.kind === 'done') waiting?.resolve(answer.result)
    else waiting?.reject(new LaneError(answer.failure))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    // A store that does not close by itself must not keep the suite: its process is ended for it.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(timer)
  }
}

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

interface Question {
  readonly id: number
  readonly name: string
  readonly value: unknown
}

type Handlers = Readonly<Record<string, (value: never) => unknown>>

/** A process of its own that answers questions; ends with this one. */
export class Part implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  /** Told when it has begun to listen: what is asked before is lost. */
  readonly #serving = Promise.withResolvers<unknown>()
  #asked = 0

  /** @param script of this folder; calls {@link serve} */
  constructor(script: string, order: unknown) {
    this.#child = fork(new URL(script, import.meta.url), [JSON.stringify(order)], {
      execArgv: ['--conditions=@millrace/source'],
      serialization: 'advanced',
    })
    this.#waiting.set(0, this.#serving)
    this.#serving.promise.catch(() => undefined)
    this.#child.on('message', (answer) => this.#take(answer as Answer))
    this.#child.once('exit', (code, signal) => this.#gone(`${script} ended: ${code ?? signal}`))
  }

  /** @throws what answering throws, and when the process ends before */
  async ask(name: string, value?: unknown): Promise<unknown> {
    await this.#serving.promise
    const id = ++this.#asked
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#child.send({ id, name, value } satisfies Question, (error) => {
      if (error !== null) answer.reject(error)
    })
    try {
      return await answer.promise
    } finally {
      this.#waiting.delete(id)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }

  #take({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }

  #gone(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
  }
}

/** What the process was started with. */
export function givenOrder(): unknown {
  return JSON.parse(process.argv[2] ?? '')
}

/** Answers the questions of whoever started this process; closes what it holds when that one is gone. */
export function serve(handlers: Handlers, close: () => Promise<void>): void {
  const answerTo = async ({ id, name, value }: Question): Promise<Answer> => {
    try {
      const handler = handlers[name]
      if (handler === undefined) throw new Error(`nobody answers ${name}`)
      return { id, value: await handler(value as never) }
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }
  process.on('message', (question) => {
    void answerTo(question as Question).then((answer) => {
      if (process.connected) process.send?.(answer)
    })
  })
  process.once('disconnect', () => void close())
  process.send?.({ id: 0 } satisfies Answer)
}

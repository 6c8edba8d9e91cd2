import { formatMessage, heartbeat } from './messages.ts'
import type { LiveMessage } from './messages.ts'

/** Settings of {@link LiveConnection}. */
export interface LiveConnectionOptions {
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number
  /** Milliseconds a client may leave its buffer full before it is cut. */
  readonly stallMs: number
  /** Bytes that may wait for the client. */
  readonly bufferBytes: number
}

const encoder = new TextEncoder()

/** Ends up in the server's log, which wants one line and not where in our code the clock ran out. */
function tooSlow(): Error {
  const error = new Error('a client of a live stream read too slowly and was cut')
  error.stack = error.message
  return error
}

/**
 * One open event stream. What waits for the client is bounded: a sender waits for room, and a client that reads
 * nothing for too long is cut; it may come back with Last-Event-ID and misses nothing.
 */
export class LiveConnection {
  readonly body: ReadableStream<Uint8Array>
  readonly #options: LiveConnectionOptions
  readonly #ended = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #onRoom: (() => void) | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(options: LiveConnectionOptions) {
    this.#options = options
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#onRoom?.(),
        cancel: () => this.#end(),
      },
      { highWaterMark: options.bufferBytes, size: (chunk) => chunk?.byteLength ?? 0 },
    )
    this.#heartbeat = setInterval(() => {
      if (this.#hasRoom()) this.#write(heartbeat)
    }, options.heartbeatMs)
  }

  /** Aborts when the connection is over, whoever ended it. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Sends after what was sent before, when there is room. Does nothing once the connection is over. */
  send(message: LiveMessage): Promise<void> {
    this.#last = this.#last.then(() => this.#sendNow(message))
    return this.#last
  }

  /** Ends the stream in order; what was sent still reaches the client. */
  close(): void {
    if (this.signal.aborted) return
    this.#controller?.close()
    this.#end()
  }

  /** Breaks the connection: what waits for the client is dropped. */
  cut(): void {
    if (this.signal.aborted) return
    this.#controller?.error(tooSlow())
    this.#end()
  }

  async #sendNow(message: LiveMessage): Promise<void> {
    if (this.signal.aborted) return
    if (!this.#hasRoom() && !(await this.#waitForRoom())) this.cut()
    if (!this.signal.aborted) this.#write(formatMessage(message))
  }

  #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0
  }

  #write(text: string): void {
    this.#controller?.enqueue(encoder.encode(text))
  }

  #end(): void {
    clearInterval(this.#heartbeat)
    this.#ended.abort()
    this.#onRoom?.()
  }

  /** False after `stallMs` without room. */
  async #waitForRoom(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), this.#options.stallMs)
    this.#onRoom = () => {
      if (this.signal.aborted || this.#hasRoom()) resolve(true)
    }
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#onRoom = undefined
    }
  }
}

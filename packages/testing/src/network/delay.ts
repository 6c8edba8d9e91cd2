import { Transform } from 'node:stream'
import type { TransformCallback } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** How slow a way is. */
export interface Slowness {
  /** Milliseconds each byte is on its way. @defaultValue 0 */
  readonly latencyMs?: number
  /** @defaultValue as many as there are */
  readonly bytesPerSecond?: number
}

/** Bytes; what is under way may fill a pipe, not memory. */
const mostUnderWay = 1_000_000

/** One direction of a connection: bytes in order, each after its delay, none while it is stalled. */
export class Delay extends Transform {
  readonly #slowness: () => Slowness
  readonly #passable: () => Promise<void>
  #last: Promise<void> = Promise.resolve()
  /** In bytes. */
  #underWay = 0
  #dueAt = 0

  constructor(slowness: () => Slowness, passable: () => Promise<void>) {
    super()
    this.#slowness = slowness
    this.#passable = passable
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#underWay += chunk.length
    this.#last = this.#deliver(this.#last, chunk, this.#dueTime(chunk.length))
    if (this.#underWay < mostUnderWay) done()
    else callBack(this.#last, done)
  }

  override _flush(done: TransformCallback): void {
    callBack(this.#last, done)
  }

  #dueTime(bytes: number): number {
    const { latencyMs = 0, bytesPerSecond = Infinity } = this.#slowness()
    const now = performance.now()
    this.#dueAt = Math.max(this.#dueAt, now + latencyMs) + (bytes / bytesPerSecond) * 1000
    return this.#dueAt
  }

  async #deliver(before: Promise<void>, chunk: Buffer, dueAt: number): Promise<void> {
    await before
    const waitMs = dueAt - performance.now()
    // Keeps no process alive: the connection does, as long as it is open.
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false })
    await this.#passable()
    this.#underWay -= chunk.length
    if (!this.destroyed) this.push(chunk)
  }
}

/** Promises that never fail, for an interface of callbacks. */
function callBack(when: Promise<void>, done: TransformCallback): void {
  async function wait(): Promise<void> {
    await when
    done()
  }
  void wait()
}

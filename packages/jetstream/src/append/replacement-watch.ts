import type { NatsLink } from '../link/nats-link.ts'
import { checkGeneration } from '../provision/provision-stream.ts'
import type { ProvisionedStream } from '../provision/provision-stream.ts'

/** Notices when the JetStream stream is no longer the one that was opened: sequences of one stream only grow. */
export class ReplacementWatch {
  readonly #link: NatsLink
  readonly #stream: ProvisionedStream
  #highest = 0

  constructor(link: NatsLink, stream: ProvisionedStream) {
    this.#link = link
    this.#stream = stream
  }

  /** The highest sequence that was acknowledged to this process. */
  get highest(): number {
    return this.#highest
  }

  /**
   * Takes the sequence of a message that was sent while `before` was the highest. Where it is not higher, what it
   * returns is to be awaited. @throws {@link LogReplacedError} where another stream acknowledged it
   */
  acknowledged(sequence: number, before: number): Promise<void> | undefined {
    if (sequence <= before) return this.look()
    if (sequence > this.#highest) this.#highest = sequence
    return undefined
  }

  /** @throws {@link LogReplacedError} */
  async look(): Promise<void> {
    await checkGeneration(this.#link, this.#stream)
  }
}

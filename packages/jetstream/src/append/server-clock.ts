import type { NatsLink } from '../link/nats-link.ts'
import { timeOf } from '../wire/stored-message.ts'

/** How far a clock of this process lies behind the server's, at least and at most: the answer took its time. */
interface Offset {
  readonly least: number
  readonly most: number
}

interface Offsets {
  readonly steady: Offset
  readonly wall: Offset
}

/**
 * The time by the clock that stamps the messages, epoch milliseconds, as near as this process knows it. Carried on by two
 * clocks of its own, since one stands still while the machine sleeps and the other is set by people.
 */
export class ServerClock {
  readonly #link: NatsLink
  readonly #stream: string
  readonly #wallClock: () => number
  #offsets: Offsets

  private constructor(link: NatsLink, stream: string, wallClock: () => number, offsets: Offsets) {
    this.#link = link
    this.#stream = stream
    this.#wallClock = wallClock
    this.#offsets = offsets
  }

  /** @throws {@link NoAnswer} */
  static async open(link: NatsLink, stream: string, wallClock: () => number): Promise<ServerClock> {
    return new ServerClock(link, stream, wallClock, await offsetsOf(link, stream, wallClock))
  }

  /** Asks the server again. @throws {@link NoAnswer} */
  async refresh(): Promise<void> {
    this.#offsets = await offsetsOf(this.#link, this.#stream, this.#wallClock)
  }

  /** It is not earlier at the server. */
  earliest(): number {
    const { steady, wall } = this.#offsets
    return Math.floor(Math.min(performance.now() + steady.least, this.#wallClock() + wall.least))
  }

  /** It is not later at the server. */
  latest(): number {
    const { steady, wall } = this.#offsets
    return Math.ceil(Math.max(performance.now() + steady.most, this.#wallClock() + wall.most))
  }
}

async function offsetsOf(link: NatsLink, stream: string, wallClock: () => number): Promise<Offsets> {
  const [steady, wall] = [performance.now(), wallClock()]
  const { ts } = await link.api<{ readonly ts: string }>(`STREAM.INFO.${stream}`)
  const server = timeOf(ts)
  return {
    steady: { least: server - performance.now(), most: server - steady },
    wall: { least: server - wallClock(), most: server - wall },
  }
}

import { createHash } from 'node:crypto'

/** Numbers from 0 up to below 1, the same ones for the same seed. */
export function seededRandom(seed: string): () => number {
  let block = Buffer.alloc(0)
  let at = 0
  let blocks = 0
  return () => {
    if (at === block.length) {
      block = createHash('sha256').update(`${seed} ${blocks}`).digest()
      blocks += 1
      at = 0
    }
    const number = block.readUInt32BE(at) / 2 ** 32
    at += 4
    return number
  }
}

/** Draws a number of items from more, of which nobody knows how many will come; each is as likely to stay as any other. */
export class Sample<Item> {
  readonly #items: Item[] = []
  readonly #size: number
  readonly #random: () => number
  #seen = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  /** Offers the next item; it is built only where it is drawn. */
  offer(build: () => Item): void {
    this.#seen += 1
    if (this.#items.length < this.#size) {
      this.#items.push(build())
      return
    }
    const place = Math.floor(this.#random() * this.#seen)
    if (place < this.#size) this.#items[place] = build()
  }

  get items(): readonly Item[] {
    return this.#items
  }
}

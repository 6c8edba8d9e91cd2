import { hash } from 'node:crypto'

import { LRUCache } from 'lru-cache'

/** A digest takes as long as a tenth of a round trip, and what is asked for often is asked for again. */
const remembered = 1_000

/**
 * What a store gets to see of keys and tags: 256 bits, so that no two texts meet, and nothing of what they say. Within one
 * name space, so that two caches of one store do not meet either.
 */
export class Digests {
  readonly #space: string
  readonly #known = new LRUCache<string, string>({ max: remembered })

  constructor(space: string) {
    this.#space = space
  }

  of(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const digest = hash('sha256', `${this.#space}\0${text}`, 'base64url')
    this.#known.set(text, digest)
    return digest
  }
}

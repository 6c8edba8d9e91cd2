import type { CommitId } from '@millrace/contracts'

/**
 * The sequence of each commit by its id. Ids mostly come in growing order, as ULIDs are made to: those are kept in an
 * array that is searched by halves, which spares each append the hashing of its id. The others go into a map.
 */
export class CommitIds {
  readonly #growing: CommitId[] = []
  readonly #sequences: number[] = []
  readonly #others = new Map<CommitId, number>()
  #last = '' as CommitId

  /** Remembers an id that is not known yet. */
  add(id: CommitId, sequence: number): void {
    if (id <= this.#last) {
      this.#others.set(id, sequence)
      return
    }
    this.#last = id
    this.#growing.push(id)
    this.#sequences.push(sequence)
  }

  /** The sequence of the commit; undefined for an id that is not known. */
  get(id: CommitId): number | undefined {
    if (id > this.#last) return undefined
    return this.#others.get(id) ?? this.#search(id)
  }

  #search(id: CommitId): number | undefined {
    let [low, high] = [0, this.#growing.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#growing[middle] ?? '') < id) low = middle + 1
      else high = middle
    }
    return this.#growing[low] === id ? this.#sequences[low] : undefined
  }
}

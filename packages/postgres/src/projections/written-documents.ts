import { jsonSerializer } from '@millrace/contracts'
import type { DocumentChange, DocumentOwner, DocumentPlace, StoredDocument } from '@millrace/contracts'

interface Written extends DocumentOwner {
  /** As text: what is read from it is what would be read from the table, whatever is done with it then. */
  readonly text: string
  readonly position: DocumentPlace
  readonly revision: number
}

/** What one document takes beside its text, about. */
const overhead = 200

/**
 * The documents that the owners of partitions wrote last, bounded by their size; those that were not written for longest
 * leave first. An owner is the only writer of its documents until the next one takes over.
 */
export class WrittenDocuments {
  readonly #most: number
  readonly #documents = new Map<string, Written>()
  #size = 0

  /** `most` is in characters. */
  constructor(most: number) {
    this.#most = most
  }

  get count(): number {
    return this.#documents.size
  }

  /** Those of these keys that this owner wrote. */
  find(keys: readonly string[], { partition, epoch }: DocumentOwner): Map<string, StoredDocument> {
    const found = new Map<string, StoredDocument>()
    for (const key of keys) {
      const written = this.#documents.get(key)
      if (written === undefined || written.partition !== partition || written.epoch !== epoch) continue
      const { text, position, revision } = written
      found.set(key, { key, state: jsonSerializer.deserialize(text), position, revision })
    }
    return found
  }

  keep(change: DocumentChange, text: string, { partition, epoch }: DocumentOwner): void {
    const { key, position, continues } = change
    this.remove(key)
    this.#documents.set(key, { partition, epoch, text, position, revision: continues + 1 })
    this.#size += sizeOf(key, text)
    for (const oldest of this.#documents.keys()) {
      if (this.#size <= this.#most) break
      this.remove(oldest)
    }
  }

  remove(key: string): void {
    const written = this.#documents.get(key)
    if (written === undefined) return
    this.#documents.delete(key)
    this.#size -= sizeOf(key, written.text)
  }

  forget(partition: number): void {
    for (const [key, written] of this.#documents) if (written.partition === partition) this.remove(key)
  }
}

function sizeOf(key: string, text: string): number {
  return key.length + text.length + overhead
}

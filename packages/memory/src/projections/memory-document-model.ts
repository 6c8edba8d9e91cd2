import { checkWhole, InvalidValueError, isAfter } from '@millrace/contracts'
import type {
  DocumentChange,
  DocumentModel,
  ListDocumentsOptions,
  ReadDocument,
  StoredDocument,
} from '@millrace/contracts'

/** In the order of the bytes of UTF-8, which is that of code points. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** More than one batch can delete; what is deleted before that is not handled again. */
const keptDeletions = 20_000

/** The documents of one build. A deleted one leaves its place behind for a while, so that what deleted it is known. */
export class MemoryDocumentModel implements DocumentModel {
  readonly #documents = new Map<string, StoredDocument>()
  /** The partition that each document belongs to, if not the first. */
  readonly #partitions = new Map<string, number>()
  /** Keys of deleted documents, first deleted first. */
  readonly #deleted = new Set<string>()

  async load(keys: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> {
    const found = new Map<string, StoredDocument>()
    for (const key of keys) {
      const document = this.#documents.get(key)
      if (document !== undefined) found.set(key, document)
    }
    return found
  }

  /** Nothing is read from anywhere else. */
  forget(): void {}

  /** @throws {@link InvalidValueError} where a document belongs to another partition; nothing is saved then */
  save(changes: readonly DocumentChange[], { partition }: { readonly partition: number }): void {
    for (const { key } of changes) {
      const belongs = this.#partitions.get(key) ?? 0
      if (belongs !== partition && this.#documents.get(key)?.state !== undefined)
        throw new InvalidValueError(
          'key',
          `of one partition's documents: ${key.slice(0, 100)} belongs to partition ${belongs}, not ${partition}`,
        )
    }
    for (const change of changes) this.#keep(change, partition)
  }

  #keep({ key, state, position, continues }: DocumentChange, partition: number): void {
    const known = this.#documents.get(key)
    if (known !== undefined && !isAfter(position, known.position)) return
    this.#documents.set(key, { key, state, position, revision: continues + 1 })
    if (partition === 0) this.#partitions.delete(key)
    else this.#partitions.set(key, partition)
    this.#deleted.delete(key)
    if (state === undefined) this.#deleted.add(key)
    if (this.#deleted.size > keptDeletions) this.#forgetDeletion()
  }

  #forgetDeletion(): void {
    const [oldest] = this.#deleted
    if (oldest === undefined) return
    this.#deleted.delete(oldest)
    this.#documents.delete(oldest)
    this.#partitions.delete(oldest)
  }

  /** What readers find of these keys. */
  read(keys: readonly string[]): ReadonlyMap<string, ReadDocument> {
    const found = new Map<string, ReadDocument>()
    for (const key of keys) {
      const document = this.#documents.get(key)
      if (document?.state !== undefined) found.set(key, document)
    }
    return found
  }

  list({ after = '', limit = 100 }: ListDocumentsOptions = {}): readonly ReadDocument[] {
    checkWhole('limit', limit, { min: 1, max: 1000 })
    return [...this.#documents.values()]
      .filter(({ key, state }) => state !== undefined && (after === '' || byCodePoint(key, after) > 0))
      .toSorted((a, b) => byCodePoint(a.key, b.key))
      .slice(0, limit)
  }

  clear(): void {
    this.#documents.clear()
    this.#deleted.clear()
    this.#partitions.clear()
  }
}

import { checkWhole } from '@millrace/contracts'
import type {
  DocumentChange,
  DocumentModel,
  DocumentPlace,
  ListDocumentsOptions,
  ReadDocument,
  StoredDocument,
} from '@millrace/contracts'

function isAfter(a: DocumentPlace, b: DocumentPlace): boolean {
  return a.commit > b.commit || (a.commit === b.commit && a.index > b.index)
}

/** In the order of the bytes of UTF-8, which is that of code points. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** The documents of one build. A deleted one leaves its place behind, so that what deleted it is known. */
export class MemoryDocumentModel implements DocumentModel {
  readonly #documents = new Map<string, StoredDocument>()

  async load(keys: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> {
    const found = new Map<string, StoredDocument>()
    for (const key of keys) {
      const document = this.#documents.get(key)
      if (document !== undefined) found.set(key, document)
    }
    return found
  }

  save(changes: readonly DocumentChange[]): void {
    for (const { key, state, position, continues } of changes) {
      const known = this.#documents.get(key)
      if (known === undefined || isAfter(position, known.position))
        this.#documents.set(key, { key, state, position, revision: continues + 1 })
    }
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
  }
}

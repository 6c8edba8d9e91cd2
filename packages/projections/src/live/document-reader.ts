import type { DocumentPlace, ListDocumentsOptions, LiveDocuments } from '@millrace/contracts'

/** A document with its place in the log. */
export interface ListedDocument<State> {
  readonly key: string
  readonly state: State
  /** The last event folded into it. */
  readonly position: DocumentPlace
}

/** Reads the documents of a projection: always those of its live build. */
export interface DocumentReader<State> {
  get(key: string): Promise<State | undefined>
  /** Those of these keys that there are. */
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, State>>
  /** A page by key, in code unit order of UTF-8. */
  list(options?: ListDocumentsOptions): Promise<readonly ListedDocument<State>[]>
}

/** A reader of documents that fold to `State`. */
export function documentReader<State>(documents: LiveDocuments): DocumentReader<State> {
  return {
    get: async (key) => (await documents.load([key])).get(key)?.state as State | undefined,
    getMany: async (keys) => {
      const found = await documents.load(keys)
      return new Map([...found].map(([key, { state }]) => [key, state as State]))
    },
    list: async (options) => (await documents.list(options)) as readonly ListedDocument<State>[],
  }
}

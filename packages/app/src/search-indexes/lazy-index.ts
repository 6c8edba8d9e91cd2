import { ConfigurationError, ConnectionError } from '@millrace/contracts'
import type {
  RolloverOptions,
  SearchAggregation,
  SearchCounts,
  SearchDefinition,
  SearchIndex,
  SearchPage,
  SearchQuery,
  SearchSegment,
  SearchSelection,
  SearchStore,
  SearchWrite,
  SearchWriteResult,
} from '@millrace/contracts'

/** An index that is opened when somebody asks it for something. */
export class LazyIndex implements SearchIndex {
  readonly definition: SearchDefinition
  readonly #store: SearchStore
  #opening: Promise<SearchIndex> | undefined

  constructor(store: SearchStore, definition: SearchDefinition) {
    this.definition = definition
    this.#store = store
  }

  async write(writes: readonly SearchWrite[]): Promise<readonly SearchWriteResult[]> {
    return await (await this.#index()).write(writes)
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    return await (await this.#index()).search(query)
  }

  async count(selection?: SearchSelection): Promise<number> {
    return await (await this.#index()).count(selection)
  }

  async aggregate<const Aggregation extends SearchAggregation>(
    aggregation: Aggregation,
    selection?: SearchSelection,
  ): Promise<SearchCounts<Aggregation>> {
    return await (await this.#index()).aggregate(aggregation, selection)
  }

  async refresh(): Promise<void> {
    await (await this.#index()).refresh()
  }

  async eraseSubject(subject: string): Promise<number> {
    return await (await this.#index()).eraseSubject(subject)
  }

  async purge(options: { readonly deletedBeforeMs: number }): Promise<number> {
    return await (await this.#index()).purge(options)
  }

  async segments(): Promise<readonly SearchSegment[]> {
    return await (await this.#index()).segments()
  }

  async rollover(options: RolloverOptions): Promise<boolean> {
    return await (await this.#index()).rollover(options)
  }

  async dropSegments(options: { readonly closedBeforeMs: number }): Promise<number> {
    return await (await this.#index()).dropSegments(options)
  }

  async #index(): Promise<SearchIndex> {
    this.#opening ??= this.#store.open(this.definition)
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      // What is read is another version until somebody rebuilds it: what feeds it waits, and parks nothing.
      if (error instanceof ConfigurationError) throw new ConnectionError(error.message, { cause: error })
      throw error
    }
  }
}

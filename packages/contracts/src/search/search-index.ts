import type { SearchDefinition, SearchFields } from './search-definition.ts'
import type {
  SearchAggregation,
  SearchCounts,
  SearchPage,
  SearchQuery,
  SearchSelection,
} from './search-query.ts'
import type { SearchWrite, SearchWriteResult } from './search-write.ts'

/** How an engine is. `degraded`: it answers, but not for all it keeps; `down`: it does not answer. */
export interface SearchHealth {
  readonly status: 'ok' | 'degraded' | 'down'
  readonly detail: string
}

/** A part of a series: the documents whose versions begin at `fromVersion` and end before the next one's. */
export interface SearchSegment {
  /** From 1. */
  readonly number: number
  readonly fromVersion: number
  /** Undefined for the last, which new documents go to. */
  readonly closedAt: Date | undefined
}

/** When the last segment of a series is closed: as soon as one of these is reached. An empty one never is. */
export interface RolloverOptions {
  readonly maxDocuments?: number
  readonly maxBytes?: number
  readonly maxAgeMs?: number
}

/**
 * One index, as what is read at the time. Every adapter passes `searchIndexContract`.
 *
 * Bad queries are refused with {@link InvalidValueError} before anything is asked; an engine that does not answer is a
 * {@link ConnectionError}. What was written is found after the engine's next refresh, a second by default.
 */
export interface SearchIndex<Fields extends SearchFields = SearchFields> {
  readonly definition: SearchDefinition<Fields>
  /**
   * Each write by itself, the results in their order. A write is taken where its version is not below that of what is
   * there under its id, also where that was deleted or erased. `written` is durable.
   * @throws {@link ConnectionError} where nothing is known of any of them, or another version of the definition is read by
   * now: all may be repeated
   */
  write(writes: readonly SearchWrite<Fields>[]): Promise<readonly SearchWriteResult[]>
  /**
   * Pages show each document that does not change meanwhile exactly once.
   * @throws {@link InvalidCursorError} for a cursor of another query, or one that is too old
   */
  search(query: SearchQuery<Fields>): Promise<SearchPage<Fields>>
  count(selection?: SearchSelection<Fields>): Promise<number>
  aggregate<const Aggregation extends SearchAggregation<Fields>>(
    aggregation: Aggregation,
    selection?: SearchSelection<Fields>,
  ): Promise<SearchCounts<Aggregation>>
  /** What was written until now is found from now on. */
  refresh(): Promise<void>
  /**
   * Empties all documents of a data subject, also in builds that are under way; how many. Nothing of them is left but ids and
   * versions, and no write of a version that was there before is taken any more. May be repeated.
   * @throws {@link ConfigurationError} where no field names subjects
   */
  eraseSubject(subject: string): Promise<number>
  /** Forgets what was deleted or emptied that long ago; how many. A later write of an older version would be taken then. */
  purge(options: { readonly deletedBeforeMs: number }): Promise<number>
  /** One for an index that is no series. */
  segments(): Promise<readonly SearchSegment[]>
  /** Closes the last segment if it is time; whether it was. @throws {@link ConfigurationError} unless it is a series */
  rollover(options: RolloverOptions): Promise<boolean>
  /** Removes whole segments that were closed that long ago; how many. */
  dropSegments(options: { readonly closedBeforeMs: number }): Promise<number>
}

/** An index that is built beside what is read. */
export interface SearchBuild<Fields extends SearchFields = SearchFields> {
  /** `<name>-v<version>-r<run>`: a name for the processor that feeds it. */
  readonly name: string
  /** Writes to it and reads from it. */
  readonly index: SearchIndex<Fields>
  /** Puts it in the place of what is read, for all readers at once, and removes that. */
  finish(): Promise<void>
  /** Removes it. */
  abandon(): Promise<void>
}

/** Where indices are kept: an engine. */
export interface SearchStore extends AsyncDisposable {
  /**
   * Opens what is read, and creates it where there is nothing.
   * @throws {@link ConfigurationError} where another version is read, or the fields were changed without a new version
   */
  open<Fields extends SearchFields>(definition: SearchDefinition<Fields>): Promise<SearchIndex<Fields>>
  /** Begins to build the definition's version anew beside what is read, or goes on with the build of it that is under way. */
  rebuild<Fields extends SearchFields>(definition: SearchDefinition<Fields>): Promise<SearchBuild<Fields>>
  /** Removes all builds of an index; how many there were. */
  drop(name: string): Promise<number>
  /** Never throws. */
  health(): Promise<SearchHealth>
}

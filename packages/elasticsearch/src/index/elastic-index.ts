import {
  checkSearchAggregation,
  checkSearchQuery,
  checkSearchSelection,
  checkSubject,
  checkWhole,
  ConfigurationError,
  ConnectionError,
  searchWriteProblem,
  subjectFields,
  subjectsInFingerprint,
} from '@millrace/contracts'
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
  SearchWrite,
  SearchWriteResult,
} from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { statusOf } from '../client/elastic-errors.ts'
import type { Creation } from '../layout/create-segment.ts'
import { patternOf, readBuilds } from '../layout/layout.ts'
import type { Build } from '../layout/layout.ts'
import { countsOf } from '../search/hits.ts'
import { aggregationOf, queryOf } from '../search/query-dsl.ts'
import { searchPage } from '../search/search-pages.ts'
import { bulk } from './bulk.ts'
import type { RoutedWrite } from './bulk.ts'
import { rollOver } from './rollover.ts'
import { SegmentRouter } from './segment-router.ts'
import type { Target } from './segment-router.ts'
import { eraseSubject, purgeMarks } from './sweep.ts'

/** How often one call looks where its writes go, while segments are closed under it. */
const maxLooks = 3

/** The build that is read, or one that is under way. */
export class ElasticIndex implements SearchIndex {
  readonly definition: SearchDefinition
  readonly #client: ElasticClient
  readonly #creation: Creation
  readonly #router: SegmentRouter
  readonly #index: string

  constructor(client: ElasticClient, creation: Creation, target: Target) {
    const { base, definition } = creation
    this.definition = definition
    this.#client = client
    this.#creation = creation
    this.#router = new SegmentRouter(client, { base, definition, target })
    this.#index = target === 'live' ? base : `${base}-v${target.version}-r${target.run}-*`
  }

  async write(writes: readonly SearchWrite[]): Promise<readonly SearchWriteResult[]> {
    const results = new Map<number, SearchWriteResult>()
    const open: number[] = []
    for (const [n, write] of writes.entries()) {
      const reason = searchWriteProblem(this.definition, write)
      if (reason === undefined) open.push(n)
      else results.set(n, { kind: 'rejected', id: write.id, reason })
    }
    await this.#writeOpen(writes, open, results)
    return writes.map(
      ({ id }, n) => results.get(n) ?? { kind: 'retry', id, reason: 'its segment is being closed' },
    )
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    checkSearchQuery(this.definition, query)
    const searched = { definition: this.definition, index: this.#index, base: this.#creation.base }
    return await this.#reading(async () => await searchPage(this.#client, searched, query))
  }

  async count(selection: SearchSelection = {}): Promise<number> {
    checkSearchSelection(this.definition, selection)
    const query = queryOf(this.definition, selection)
    const { count } = await this.#reading(
      async () =>
        await this.#client.ask(async (elastic) => await elastic.count({ index: this.#index, query })),
    )
    return count
  }

  async aggregate<const Aggregation extends SearchAggregation>(
    aggregation: Aggregation,
    selection: SearchSelection = {},
  ): Promise<SearchCounts<Aggregation>> {
    checkSearchAggregation(this.definition, aggregation)
    checkSearchSelection(this.definition, selection)
    const { aggregations } = await this.#reading(
      async () =>
        await this.#client.ask(
          async (elastic) =>
            await elastic.search({
              index: this.#index,
              size: 0,
              query: queryOf(this.definition, selection),
              aggs: { counts: aggregationOf(aggregation) },
            }),
        ),
    )
    return countsOf(this.definition, aggregation, aggregations?.['counts']) as SearchCounts<Aggregation>
  }

  async refresh(): Promise<void> {
    await this.#reading(
      async () =>
        await this.#client.ask(async (elastic) => await elastic.indices.refresh({ index: this.#index })),
    )
  }

  async eraseSubject(subject: string): Promise<number> {
    checkSubject(subject)
    if (subjectFields(this.definition).length === 0)
      throw new ConfigurationError(`search index ${this.definition.name}.fields`, 'name no subject')
    const { base } = this.#creation
    // Builds of other versions may name subjects in other fields.
    const fields = (await readBuilds(this.#client, base)).flatMap(({ segments }) =>
      segments.flatMap(({ fingerprint }) =>
        subjectsInFingerprint(fingerprint).subjects.map(({ name }) => name),
      ),
    )
    return await eraseSubject(this.#client, patternOf(base), { fields: [...new Set(fields)], subject })
  }

  async purge({ deletedBeforeMs }: { readonly deletedBeforeMs: number }): Promise<number> {
    checkWhole('options.deletedBeforeMs', deletedBeforeMs, { min: 0 })
    return await purgeMarks(this.#client, this.#index, Date.now() - deletedBeforeMs)
  }

  async segments(): Promise<readonly SearchSegment[]> {
    const { segments } = await this.#freshBuild()
    return segments.map(({ segment, fromVersion }, n) => {
      const next = segments[n + 1]
      return { number: segment, fromVersion, closedAt: next && new Date(next.openedAt) }
    })
  }

  async rollover(options: RolloverOptions): Promise<boolean> {
    if (this.definition.series !== true)
      throw new ConfigurationError(`search index ${this.definition.name}.series`, 'must be true to roll over')
    const build = await this.#freshBuild()
    const done = await rollOver(this.#client, this.#creation, { build, options })
    this.#router.forget()
    return done
  }

  async dropSegments({ closedBeforeMs }: { readonly closedBeforeMs: number }): Promise<number> {
    checkWhole('options.closedBeforeMs', closedBeforeMs, { min: 0 })
    const { segments } = await this.#freshBuild()
    const old = segments.filter((_, n) => {
      const next = segments[n + 1]
      return next !== undefined && next.openedAt <= Date.now() - closedBeforeMs
    })
    for (const { index } of old)
      await this.#client.ask(
        async (elastic) => await elastic.indices.delete({ index, ignore_unavailable: true }),
      )
    this.#router.forget()
    return old.length
  }

  async #freshBuild(): Promise<Build> {
    this.#router.forget()
    return await this.#router.build()
  }

  async #writeOpen(
    writes: readonly SearchWrite[],
    open: readonly number[],
    results: Map<number, SearchWriteResult>,
  ): Promise<void> {
    let left = open
    for (let look = 0; look < maxLooks && left.length > 0; look++) {
      if (look > 0) this.#router.forget()
      left = await this.#writeOnce(writes, left, results)
    }
  }

  /** Those whose segment was not where the layout had it. */
  async #writeOnce(
    writes: readonly SearchWrite[],
    open: readonly number[],
    results: Map<number, SearchWriteResult>,
  ): Promise<readonly number[]> {
    const build = await this.#router.build()
    const routed: (RoutedWrite & { readonly n: number })[] = []
    for (const n of open) {
      const write = writes[n]
      const alias = write && this.#router.aliasOf(build, write)
      if (write === undefined) continue
      if (alias === undefined) results.set(n, { kind: 'stale', id: write.id })
      else routed.push({ n, write, alias })
    }
    const outcomes = await bulk(this.#client, routed)
    const moved: number[] = []
    for (const [at, outcome] of outcomes.entries()) {
      const n = routed[at]?.n ?? 0
      if (outcome.kind === 'moved') moved.push(n)
      else results.set(n, outcome)
    }
    return moved
  }

  async #reading<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask()
    } catch (error) {
      if (statusOf(error) !== 404) throw error
      throw new ConnectionError(`search index ${this.#index} is not there`, { cause: error })
    }
  }
}

import {
  checkSearchName,
  checkWhole,
  ConfigurationError,
  defineSearchIndex,
  searchFingerprint,
} from '@millrace/contracts'
import type {
  SearchBuild,
  SearchDefinition,
  SearchFields,
  SearchHealth,
  SearchIndex,
  SearchStore,
} from '@millrace/contracts'

import { ElasticClient } from '../client/elastic-client.ts'
import type { ElasticConnection } from '../client/elastic-client.ts'
import { createSegment } from '../layout/create-segment.ts'
import type { Creation } from '../layout/create-segment.ts'
import { baseOf, buildName, headOf, liveOf, patternOf, readBuilds } from '../layout/layout.ts'
import type { Build } from '../layout/layout.ts'
import type { IndexSettings } from '../layout/mapping.ts'
import { ElasticIndex } from './elastic-index.ts'

/** Settings of {@link openElasticsearch}. */
export interface ElasticsearchOptions extends ElasticConnection, IndexSettings {
  /** Begins the names of all indices and aliases: `[a-z][a-z0-9_]*`, at most 40 characters. @defaultValue `'millrace'` */
  readonly prefix?: string
}

/** A health check must answer while a server hangs. */
const healthTimeoutMs = 2000

function checkSame(definition: SearchDefinition, build: Build): void {
  const setting = `search index ${definition.name}`
  if (build.version !== definition.version)
    throw new ConfigurationError(
      `${setting}.version`,
      `is ${definition.version}, but version ${build.version} is read; rebuild it first, or use the newer release`,
    )
  const other = build.segments.find(({ fingerprint }) => fingerprint !== searchFingerprint(definition))
  if (other !== undefined)
    throw new ConfigurationError(
      `${setting}.fields`,
      `are not those of version ${build.version}; raise the version`,
    )
}

class Elasticsearch implements SearchStore {
  readonly #client: ElasticClient
  readonly #prefix: string
  readonly #settings: IndexSettings

  constructor(client: ElasticClient, prefix: string, settings: IndexSettings) {
    this.#client = client
    this.#prefix = prefix
    this.#settings = settings
  }

  async open<Fields extends SearchFields>(
    definition: SearchDefinition<Fields>,
  ): Promise<SearchIndex<Fields>> {
    const creation = this.#creationOf(definition)
    let live = liveOf(await readBuilds(this.#client, creation.base))
    if (live === undefined) {
      await createSegment(this.#client, creation, { run: 1, segment: 1, fromVersion: 0, live: true })
      live = liveOf(await readBuilds(this.#client, creation.base))
    }
    if (live !== undefined) checkSame(definition, live)
    return new ElasticIndex(this.#client, creation, 'live') as unknown as SearchIndex<Fields>
  }

  async rebuild<Fields extends SearchFields>(
    definition: SearchDefinition<Fields>,
  ): Promise<SearchBuild<Fields>> {
    const creation = this.#creationOf(definition)
    const { base } = creation
    const { version } = definition
    const builds = await readBuilds(this.#client, base)
    const under = builds.findLast((build) => build.version === version && !build.live)
    const same = builds.find((build) => build.version === version)
    if (same !== undefined) checkSame(definition, same)
    // Never one that was given before: a processor is named after it, and goes on at its checkpoint.
    const run = under?.run ?? Date.now()
    if (under === undefined)
      await createSegment(this.#client, creation, { run, segment: 1, fromVersion: 0, live: false })
    return {
      name: buildName(definition.name, { version, run }),
      index: new ElasticIndex(this.#client, creation, { version, run }) as unknown as SearchIndex<Fields>,
      finish: async () => await this.#finish(base, { version, run }),
      abandon: async () => await this.#remove(`${base}-v${version}-r${run}-*`),
    }
  }

  async drop(name: string): Promise<number> {
    checkSearchName(name)
    const base = baseOf(this.#prefix, { name })
    const builds = await readBuilds(this.#client, base)
    if (builds.length > 0) await this.#remove(patternOf(base))
    await this.#client.ask(
      async (elastic) =>
        await elastic.indices.deleteIndexTemplate({ name: patternOf(base) }, { ignore: [404] }),
    )
    return builds.length
  }

  async health(): Promise<SearchHealth> {
    try {
      const { status } = await this.#client.ask(
        async (elastic) => await elastic.cluster.health({}, { requestTimeout: healthTimeoutMs }),
      )
      return { status: status === 'red' ? 'degraded' : 'ok', detail: `${this.#client.target}: ${status}` }
    } catch (error) {
      return { status: 'down', detail: error instanceof Error ? error.message : String(error) }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }

  /** Checked again: names become parts of paths, and a definition may be a plain object. */
  #creationOf(given: SearchDefinition): Creation {
    const definition = defineSearchIndex(given)
    return { base: baseOf(this.#prefix, definition), definition, settings: this.#settings }
  }

  /** One request: all readers go over at once, and no writer of the old build is left. */
  async #finish(base: string, { version, run }: Pick<Build, 'version' | 'run'>): Promise<void> {
    const builds = await readBuilds(this.#client, base)
    const next = builds.find((build) => build.version === version && build.run === run)
    if (next === undefined)
      throw new ConfigurationError(`search index ${base}`, `has no build ${run} of version ${version}`)
    if (next.live) return
    const old = builds.filter(({ live }) => live).flatMap(({ segments }) => segments)
    const actions = [
      ...next.segments.map(({ index }) => ({ add: { index, alias: base } })),
      ...old.map(({ index }) => ({ remove: { index, alias: base } })),
      ...old.filter(({ head }) => head).map(({ index }) => ({ remove: { index, alias: headOf(index) } })),
    ]
    await this.#client.ask(async (elastic) => await elastic.indices.updateAliases({ actions }))
    for (const { index } of old) await this.#remove(index)
  }

  /** By their names: the server refuses to delete by a pattern. */
  async #remove(pattern: string): Promise<void> {
    const found = await this.#client.ask(
      async (elastic) =>
        await elastic.indices.get({ index: pattern, allow_no_indices: true, ignore_unavailable: true }),
    )
    const names = Object.keys(found)
    if (names.length > 0)
      await this.#client.ask(
        async (elastic) => await elastic.indices.delete({ index: names, ignore_unavailable: true }),
      )
  }
}

/**
 * Opens search indices on Elasticsearch 8 or newer. Nothing is asked of the server before the first index is opened.
 *
 * @throws {@link ConfigurationError} naming the setting
 */
export function openElasticsearch(options: ElasticsearchOptions): SearchStore {
  const { prefix = 'millrace', shards = 1, replicas = '0-1', refreshMs = 1000 } = options
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(prefix))
    throw new ConfigurationError('elasticsearch.prefix', 'must be [a-z][a-z0-9_]*, at most 40 characters')
  checkWhole('elasticsearch.shards', shards, { min: 1, max: 100 })
  checkWhole('elasticsearch.refreshMs', refreshMs, { min: 100, max: 3_600_000 })
  return new Elasticsearch(new ElasticClient(options), prefix, { shards, replicas, refreshMs })
}

import { Client } from '@elastic/elasticsearch'
import { defineSearchIndex } from '@millrace/contracts'
import type { SearchDefinition, SearchStore, SearchWrite } from '@millrace/contracts'
import { openElasticsearch } from '@millrace/elasticsearch'
import { BulkIndexer } from '@millrace/search'

import { startElasticsearch } from '../../services/index.ts'
import type { ElasticsearchServer } from '../../services/index.ts'
import type { Contest, Sampler, Sides } from '../harness/contest.ts'
import type { SuiteOptions } from '../harness/suite.ts'

type Fields = {
  readonly stream: { readonly kind: 'keyword' }
  readonly type: { readonly kind: 'keyword' }
  readonly sku: { readonly kind: 'keyword' }
  readonly quantity: { readonly kind: 'whole' }
  readonly placedAt: { readonly kind: 'date' }
  readonly note: { readonly kind: 'text' }
}

const fields: Fields = {
  stream: { kind: 'keyword' },
  type: { kind: 'keyword' },
  sku: { kind: 'keyword' },
  quantity: { kind: 'whole' },
  placedAt: { kind: 'date' },
  note: { kind: 'text' },
}

const bulkSize = 1000
/** Documents of one sample: several calls, so that two may be under way. */
const sampled = 4000

/** A document like those of the yardstick of LIMITS.md, section 5. */
function write(n: number): SearchWrite<Fields> {
  return {
    kind: 'index',
    id: `o-${n}`,
    version: n,
    body: {
      stream: `order-${n % 997}`,
      type: 'OrderPlaced',
      sku: `SKU-${String(n % 5000).padStart(6, '0')}`,
      quantity: n % 7,
      placedAt: new Date(1_760_000_000_000 + n * 1000),
      note: `gift wrapping for order ${n}, please ring twice and leave it with the neighbour`,
    },
    payload: { meta: { source: 'web', tenant: `t-${n % 20}` } },
  }
}

/** Elasticsearch of the benchmarks' own; starts when a contest first needs it. */
export class BenchElasticsearch implements AsyncDisposable {
  readonly #signal: AbortSignal
  #started: Promise<ElasticsearchServer> | undefined

  constructor({ signal }: SuiteOptions) {
    this.#signal = signal
  }

  async url(): Promise<string> {
    this.#signal.throwIfAborted()
    this.#started ??= startElasticsearch()
    return (await this.#started).url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#started)?.[Symbol.asyncDispose]()
  }
}

function timed(work: (from: number) => Promise<void>): Sampler {
  let from = 0
  return async () => {
    const begin = performance.now()
    await work(from)
    from += sampled
    return { operations: sampled, ms: performance.now() - begin }
  }
}

/** Two indices of one mapping: each side writes to its own. */
function definitionOf(name: string): SearchDefinition<Fields> {
  return defineSearchIndex({ name, version: 1, fields })
}

function operations(index: string, from: number): object[] {
  return Array.from({ length: bulkSize }, (_, n) => write(from + n)).flatMap((each) => {
    const { id, version, ...rest } = each
    const { body, payload } = rest as { readonly body: object; readonly payload: object }
    return [
      { index: { _index: index, _id: id, version, version_type: 'external_gte' } },
      { id, version, body, payload },
    ]
  })
}

/** One call of a thousand after the other, as the client's documentation shows it. */
function byClient(client: Client, index: string): Sampler {
  return timed(async (from) => {
    for (let at = 0; at < sampled; at += bulkSize) {
      const { errors } = await client.bulk({ operations: operations(index, from + at) })
      if (errors) throw new Error('the yardstick was refused documents')
    }
  })
}

/** The client's own helper, two calls of a megabyte under way. */
function byHelper(client: Client, index: string): Sampler {
  return timed(async (from) => {
    const datasource = Array.from({ length: sampled }, (_, n) => write(from + n))
    const { failed } = await client.helpers.bulk({
      datasource: datasource.map((each) => {
        const { id, version, ...rest } = each
        const { body, payload } = rest as { readonly body: object; readonly payload: object }
        return { id, version, body, payload }
      }),
      flushBytes: 1_000_000,
      concurrency: 2,
      onDocument: ({ id }) => ({ index: { _index: index, _id: id } }),
    })
    if (failed > 0) throw new Error('the yardstick was refused documents')
  })
}

async function openSides(
  server: BenchElasticsearch,
  yardstick: (client: Client, index: string) => Sampler,
): Promise<Sides> {
  const node = await server.url()
  const store: SearchStore = openElasticsearch({ node, prefix: 'bench', refreshMs: 60_000 })
  const client = new Client({ node })
  const [ours, theirs] = [definitionOf('ours'), definitionOf('theirs')]
  for (const { name } of [ours, theirs]) await store.drop(name)
  const indexer = new BulkIndexer(await store.open(ours))
  await store.open(theirs)
  return {
    measured: timed(async (from) => {
      const outcomes = await indexer.submit(Array.from({ length: sampled }, (_, n) => write(from + n)))
      if (outcomes.some(({ kind }) => kind !== 'written'))
        throw new Error('the indexer was refused documents')
    }),
    yardstick: yardstick(client, 'bench-theirs-v1-r1-000001'),
    async [Symbol.asyncDispose]() {
      await indexer[Symbol.asyncDispose]()
      for (const { name } of [ours, theirs]) await store.drop(name)
      await client.close()
      await store[Symbol.asyncDispose]()
    },
  }
}

/** The indexer, against the client that it stands on. */
export function searchContests(server: BenchElasticsearch): readonly Contest[] {
  return [
    {
      name: 'search: indexer',
      unit: 'events/s',
      yardstick: `client.bulk with ${bulkSize}`,
      goal: 0.85,
      open: async () => await openSides(server, byClient),
    },
    {
      name: 'search: indexer, against the helper',
      unit: 'events/s',
      yardstick: 'helpers.bulk, 1 MB, two in flight',
      goal: 0.75,
      open: async () => await openSides(server, byHelper),
    },
  ]
}

import { defineSearchIndex } from '@millrace/contracts'
import type {
  SearchBody,
  SearchDefinition,
  SearchHit,
  SearchIndex,
  SearchPage,
  SearchQuery,
  SearchWrite,
} from '@millrace/contracts'

import type { ContractCase } from '../suite/contract-case.ts'
import { freshName } from '../suite/fixtures.ts'
import type { SearchStoreUnderTest } from './declaration.ts'

/** One promise of a search index. */
export type SearchIndexCase = ContractCase<SearchStoreUnderTest>

/** One field of each kind, and the ways in which fields differ. */
export type ProductFields = {
  readonly title: { readonly kind: 'text' }
  readonly note: { readonly kind: 'text'; readonly optional: true }
  readonly sku: { readonly kind: 'keyword' }
  readonly tags: { readonly kind: 'keyword'; readonly list: true; readonly optional: true }
  readonly buyers: {
    readonly kind: 'keyword'
    readonly list: true
    readonly optional: true
    readonly subject: true
  }
  readonly stock: { readonly kind: 'whole' }
  readonly price: { readonly kind: 'number'; readonly optional: true }
  readonly listed: { readonly kind: 'boolean' }
  readonly since: { readonly kind: 'date' }
}

/** The fields of the suite's indices. */
export const productFields: ProductFields = {
  title: { kind: 'text' },
  note: { kind: 'text', optional: true },
  sku: { kind: 'keyword' },
  tags: { kind: 'keyword', list: true, optional: true },
  buyers: { kind: 'keyword', list: true, optional: true, subject: true },
  stock: { kind: 'whole' },
  price: { kind: 'number', optional: true },
  listed: { kind: 'boolean' },
  since: { kind: 'date' },
}

/** An index of the suite. */
export type Products = SearchIndex<ProductFields>

type ProductBody = SearchBody<ProductFields>

/** A definition of a name that no other case uses. */
export function freshProducts(
  change: Partial<SearchDefinition<ProductFields>> = {},
): SearchDefinition<ProductFields> {
  return defineSearchIndex({ name: freshName('prod'), version: 1, fields: productFields, ...change })
}

/** A complete document. */
export function product(
  id: string,
  version: number,
  body: Partial<ProductBody> = {},
): SearchWrite<ProductFields> & { readonly kind: 'index' } {
  const rest = { title: `thing ${id}`, sku: id, stock: version, listed: true, since: new Date(86_400_000) }
  return { kind: 'index', id, version, body: { ...rest, ...body } }
}

/** Runs the case on an index that is there for it alone, and stays: removing each takes an engine as long as a case. */
export async function withProducts(
  { store }: SearchStoreUnderTest,
  work: (index: Products) => Promise<void>,
  definition: SearchDefinition<ProductFields> = freshProducts(),
): Promise<void> {
  await work(await store.open(definition))
}

/** The kinds of the results. */
export async function outcomes(
  index: Products,
  writes: readonly SearchWrite<ProductFields>[],
): Promise<readonly string[]> {
  return (await index.write(writes)).map(({ kind }) => kind)
}

/** Writes, and makes it found. @throws where one was not written */
export async function put(index: Products, writes: readonly SearchWrite<ProductFields>[]): Promise<void> {
  const results = await index.write(writes)
  const other = results.find(({ kind }) => kind !== 'written')
  if (other !== undefined) throw new Error(`not written: ${JSON.stringify(other)}`)
  await index.refresh()
}

/** The ids of the hits, in their order. */
export async function idsOf(
  index: Products,
  query: SearchQuery<ProductFields> = {},
): Promise<readonly string[]> {
  return (await index.search({ limit: 1000, ...query })).hits.map(({ id }) => id)
}

/** All pages, one after the other. */
export async function pagesOf(
  index: Products,
  query: SearchQuery<ProductFields>,
  between: () => Promise<void> = async () => undefined,
): Promise<readonly SearchHit<ProductFields>[]> {
  const hits: SearchHit<ProductFields>[] = []
  let page: SearchPage<ProductFields> = await index.search(query)
  for (;;) {
    hits.push(...page.hits)
    if (page.next === undefined) return hits
    await between()
    page = await index.search({ ...query, cursor: page.next })
  }
}

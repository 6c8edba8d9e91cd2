import type { estypes } from '@elastic/elasticsearch'
import { ConnectionError } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import type { KeptDocument } from '../search/hits.ts'

type Dsl = NonNullable<estypes.QueryDslQueryContainer>
type Found = estypes.SearchHit<KeptDocument>

const pageSize = 1000

/** Failures of single items that another look settles: the document was changed meanwhile, or is gone. */
const passing = new Set([404, 409, 429, 503])

async function changeAll(
  client: ElasticClient,
  found: readonly Found[],
  operationOf: (hit: Found) => readonly (estypes.BulkOperationContainer | KeptDocument)[],
): Promise<number> {
  const operations = found.flatMap(operationOf)
  const { items } = await client.ask(
    async (elastic) => await elastic.bulk<KeptDocument>({ operations: [...operations] }),
  )
  let changed = 0
  for (const { index, delete: removed } of items) {
    const { status = 500, error } = index ?? removed ?? {}
    if (status < 300) changed += 1
    else if (!passing.has(status))
      throw new ConnectionError(`${client.target}: ${error?.type ?? `status ${status}`}`)
  }
  return changed
}

/** Changes every document that a query finds, until it finds none; how many changes there were. */
async function sweep(
  client: ElasticClient,
  about: { readonly index: string; readonly query: Dsl },
  operationOf: (hit: Found) => readonly (estypes.BulkOperationContainer | KeptDocument)[],
): Promise<number> {
  const { index, query } = about
  let changed = 0
  for (;;) {
    await client.ask(async (elastic) => await elastic.indices.refresh({ index }))
    const { hits } = await client.ask(
      async (elastic) =>
        await elastic.search<KeptDocument>({
          index,
          query,
          size: pageSize,
          seq_no_primary_term: true,
          _source: ['id', 'version'],
        }),
    )
    if (hits.hits.length === 0) return changed
    const now = await changeAll(client, hits.hits, operationOf)
    if (now === 0) throw new ConnectionError(`${client.target}: is too busy to change documents`)
    changed += now
  }
}

/**
 * Empties all documents of a subject, in all indices of the pattern. The mark left of each is one version higher: a write
 * under way of the version that was there is late then.
 */
export async function eraseSubject(
  client: ElasticClient,
  index: string,
  { fields, subject }: { readonly fields: readonly string[]; readonly subject: string },
): Promise<number> {
  // No condition at all would be everybody's documents.
  if (fields.length === 0) return 0
  const about = fields.map((name): Dsl => ({ term: { [`body.${name}`]: subject } }))
  const query: Dsl = { bool: { should: about, minimum_should_match: 1 } }
  return await sweep(client, { index, query }, ({ _index, _id, _source }) => {
    const { id = '', version: before = 0 } = _source ?? {}
    const version = before + 1
    return [
      { index: { _index, _id: _id ?? id, version, version_type: 'external_gte' } },
      { id, version, deletedAt: Date.now() },
    ]
  })
}

/** Forgets the marks of what was deleted before a time. */
export async function purgeMarks(client: ElasticClient, index: string, until: number): Promise<number> {
  const query: Dsl = { range: { deletedAt: { lte: until } } }
  return await sweep(client, { index, query }, ({ _index, _id, _seq_no, _primary_term }) => [
    { delete: { _index, _id: _id ?? '', if_seq_no: _seq_no ?? 0, if_primary_term: _primary_term ?? 0 } },
  ])
}

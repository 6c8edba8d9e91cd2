import { readFileSync } from 'node:fs'

import { defineSearchIndex } from '@millrace/contracts'
import type { SearchDefinition } from '@millrace/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { elasticsearchUrl, startMs } from '../../fixtures/server.ts'
import { openElasticsearch } from '../index/open-elasticsearch.ts'
import { mappingOf, metaOf, settingsOf } from './mapping.ts'

interface Golden {
  readonly index: string
  readonly body: {
    readonly aliases: object
    readonly settings: object
    readonly mappings: { readonly _meta: object }
  }
  readonly documents: readonly { readonly id: string; readonly version: number }[]
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/v1/index.json', import.meta.url), 'utf8'),
) as Golden

const fields = {
  title: { kind: 'text' },
  sku: { kind: 'keyword' },
  tags: { kind: 'keyword', list: true, optional: true },
  owner: { kind: 'keyword', subject: true, optional: true },
  stock: { kind: 'whole' },
  price: { kind: 'number', optional: true },
  listed: { kind: 'boolean' },
  since: { kind: 'date' },
} as const

function definition(): SearchDefinition<typeof fields> {
  return defineSearchIndex({ name: 'golden', version: 3, fields })
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${await elasticsearchUrl()}/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const result: unknown = await answer.json()
  if (!answer.ok) throw new Error(JSON.stringify(result))
  return result
}

beforeAll(async () => {
  await elasticsearchUrl()
}, startMs)

afterAll(async () => {
  await using store = openElasticsearch({ node: await elasticsearchUrl(), prefix: 'keeping' })
  await store.drop('golden')
})

test('an index has the mapping and settings of the golden file, in this release and in every later one', () => {
  const { _meta: meta, ...mapping } = golden.body.mappings
  const own = { run: 1, segment: 1, fromVersion: 0, openedAt: 1_763_740_800_000 }
  expect(metaOf(definition(), own)).toEqual(meta)
  expect(mappingOf(definition())).toEqual(mapping)
  expect(settingsOf({})).toEqual(golden.body.settings)
})

test('an index that an older release has written is read and written on', async () => {
  await call('PUT', golden.index, golden.body)
  for (const { id, version, ...rest } of golden.documents)
    await call('PUT', `${golden.index}/_doc/${id}?version=${version}&version_type=external_gte`, {
      id,
      version,
      ...rest,
    })
  await using store = openElasticsearch({ node: await elasticsearchUrl(), prefix: 'keeping' })
  const index = await store.open(definition())
  await index.refresh()
  const { hits } = await index.search({
    text: { query: 'shoes' },
    where: { payload: 'colour.main', is: 'red' },
  })
  expect(hits).toEqual([
    {
      id: 'p-1',
      version: 7,
      body: {
        title: 'Red shoes',
        sku: 'B-1',
        tags: ['new'],
        owner: 'ada',
        stock: 3,
        price: 59.5,
        listed: true,
        since: new Date('2025-10-15T08:30:00.125Z'),
      },
      payload: { colour: { main: 'red' } },
      highlights: {},
    },
  ])
  expect(await index.count()).toBe(1)
  const body = { title: 'x', sku: 'x', stock: 0, listed: false, since: new Date(0) }
  const results = await index.write([
    { kind: 'index', id: 'p-1', version: 6, body },
    { kind: 'index', id: 'p-2', version: 8, body },
    { kind: 'index', id: 'p-3', version: 1, body },
  ])
  expect(results.map(({ kind }) => kind)).toEqual(['stale', 'stale', 'written'])
  expect(await index.segments()).toEqual([{ number: 1, fromVersion: 0, closedAt: undefined }])
})

test('the server itself refuses what is in no field, and creates nothing for a write', async () => {
  await using store = openElasticsearch({ node: await elasticsearchUrl(), prefix: 'keeping' })
  const build = await store.rebuild(definition())
  const strange = { id: 'x', version: 1, body: { colour: 'red' } }
  const write = call('PUT', `keeping-golden-v3-r1-000001/_doc/x`, strange)
  await expect(write).rejects.toThrow('strict_dynamic_mapping_exception')
  // An index that somebody creates under our names by mistake has our mapping all the same.
  await call('PUT', 'keeping-golden-v3-r9-000001/_doc/x', { id: 'x', version: 1 })
  const second = call('PUT', 'keeping-golden-v3-r9-000001/_doc/y', strange)
  await expect(second).rejects.toThrow('strict_dynamic_mapping_exception')
  await call('DELETE', 'keeping-golden-v3-r9-000001')
  await build.abandon()
})

import { randomBytes } from 'node:crypto'

import { searchIndexContract } from '@millrace/conformance'
import { beforeAll } from 'vitest'

import { elasticsearchUrl, startMs } from '../../fixtures/server.ts'
import { openElasticsearch } from './open-elasticsearch.ts'

beforeAll(async () => {
  await elasticsearchUrl()
}, startMs)

searchIndexContract({
  name: 'the search index on Elasticsearch',
  open: async () => {
    const prefix = `t${randomBytes(5).toString('hex')}`
    const store = openElasticsearch({ node: await elasticsearchUrl(), prefix })
    return { store, [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]() }
  },
})

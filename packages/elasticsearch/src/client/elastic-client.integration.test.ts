import { inspect } from 'node:util'

import { defineSearchIndex } from '@millrace/contracts'
import { beforeAll, expect, test } from 'vitest'

import { elasticsearchUrl, startMs } from '../../fixtures/server.ts'
import { openElasticsearch } from '../index/open-elasticsearch.ts'
import { ElasticClient } from './elastic-client.ts'

beforeAll(async () => {
  await elasticsearchUrl()
}, startMs)

const secret = 'Ada-Plaintext'
const notes = defineSearchIndex({ name: 'notes', version: 1, fields: { text: { kind: 'text' } } })

/** What is shown of an error by a log that shows everything. */
async function shown(work: Promise<unknown>): Promise<string> {
  return inspect(
    await work.then(
      () => 'no error',
      (error: unknown) => error,
    ),
    { depth: 20, showHidden: true },
  )
}

test('an error shows neither documents nor passwords, whether the server refuses or is away', async () => {
  const auth = { username: 'ada', password: 'p4ssword' }
  await using client = new ElasticClient({ node: await elasticsearchUrl(), auth })
  const document = { date: secret }
  const refused = await shown(
    client.ask(async (elastic) => await elastic.index({ index: 'no such name', id: '1', document })),
  )
  expect(refused).toContain('invalid_index_name_exception')
  await using away = new ElasticClient({ node: 'http://127.0.0.1:9', auth })
  const lost = await shown(
    away.ask(async (elastic) => await elastic.index({ index: 'a', id: '1', document })),
  )
  expect(lost).toContain('ERR_CONNECTION')
  for (const text of [refused, lost]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain('p4ssword')
    expect(text).not.toContain(Buffer.from('ada:p4ssword').toString('base64'))
  }
})

test('a server that is away is a connection error to writers and readers, and down', async () => {
  await using store = openElasticsearch({ node: 'http://127.0.0.1:9' })
  await expect(store.open(notes)).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  expect(await store.health()).toMatchObject({ status: 'down' })
})

test.each([
  [{ node: 'ftp://a' }, 'elasticsearch.node'],
  [{ node: 'nowhere' }, 'elasticsearch.node'],
  [{ node: 'http://ada:secret@a' }, 'elasticsearch.node'],
  [{ node: [] }, 'elasticsearch.node'],
  [{ node: 'http://a', prefix: 'A-b' }, 'elasticsearch.prefix'],
  [{ node: 'http://a', requestTimeoutMs: 0 }, 'elasticsearch.requestTimeoutMs'],
] as const)('a bad setting is refused, without its value: %o', (options, setting) => {
  expect(() => openElasticsearch(options)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }) as Error,
  )
  expect(() => openElasticsearch(options)).toThrow(/^(?!.*secret)/)
})

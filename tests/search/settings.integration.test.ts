import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openElasticsearch } from '@millrace/elasticsearch'
import type { ElasticsearchOptions } from '@millrace/elasticsearch'
import { openPg, openPostgresSearch } from '@millrace/postgres'
import { maintainIndex } from '@millrace/search'
import type { BulkOptions, UpkeepRules } from '@millrace/search'
import { HttpReceiver } from '@millrace/tools/receivers'
import { createCertificates } from '@millrace/tools/services'
import { proveSettings } from '@millrace/tools/traps'
import { describe, expect, inject, test, vi } from 'vitest'

import { elasticsearchUrl, fresh, startMs } from './support/engines.ts'
import { orders } from './support/orders.ts'

vi.setConfig({ testTimeout: startMs })

const doors = { test, expect }
const gathered = 'documents are written a thousand at a time, at most two calls at once'
const kept = 'trap 13: a series of facts keeps each of them, as long as its rules say'

interface ShownSettings {
  readonly settings: { readonly index: Readonly<Record<string, string>> }
}

/** What the server says of an index that was made with these settings. */
async function made(options: Partial<ElasticsearchOptions>): Promise<Readonly<Record<string, string>>> {
  const [node, prefix] = [await elasticsearchUrl(), fresh()]
  await using store = openElasticsearch({ node, prefix, ...options })
  await store.open(orders)
  const answer = await fetch(`${node}/${options.prefix ?? prefix}*/_settings`)
  const [first] = Object.values((await answer.json()) as Readonly<Record<string, ShownSettings>>)
  await store.drop(orders.name)
  return first?.settings.index ?? {}
}

describe('trap 17: of search', () => {
  proveSettings<BulkOptions>(
    'bulk',
    {
      maxDocuments: gathered,
      inFlight: 'what it holds is bounded: a writer waits for room',
      maxBytes: 'a call has about as many bytes as it may, and one document that is larger goes alone',
      maxWaitMs: 'a document waits for others, but not longer than it may',
      maxAttempts: 'trap 13: an engine that stays busy is an outage: nothing is dropped, the caller is told',
      retryMs: 'trap 13: only the documents that the engine is too busy for are tried again',
      random: 'trap 13: only the documents that the engine is too busy for are tried again',
    },
    doors,
  )

  proveSettings<UpkeepRules>(
    'upkeep',
    {
      rollover: kept,
      keepClosedMs: kept,
      keepMarksMs: async () => {
        await using database = await openPg({ url: inject('servers').postgres, poolSize: 2 })
        const schema = fresh()
        const store = await openPostgresSearch({ database, schema })
        const index = await store.open(orders)
        const body = { title: 'a', change: 1 }
        await index.write([{ kind: 'index', id: 'a', version: 1, body }])
        await index.write([{ kind: 'delete', id: 'a', version: 2 }])
        expect(await maintainIndex(index, {})).toMatchObject({ purged: 0 })
        expect(await maintainIndex(index, { keepMarksMs: 0 })).toMatchObject({ purged: 1 })
        await database.script(`drop schema ${schema} cascade`)
      },
    },
    doors,
  )

  proveSettings<ElasticsearchOptions>(
    'elasticsearch',
    {
      node: 'a server that is away is a connection error to writers and readers, and down',
      prefix: async () => {
        const prefix = fresh()
        expect((await made({ prefix }))['provided_name']).toMatch(new RegExp(`^${prefix}`))
      },
      shards: async () => {
        expect((await made({ shards: 2 }))['number_of_shards']).toBe('2')
      },
      replicas: async () => {
        expect((await made({ replicas: 0 }))['number_of_replicas']).toBe('0')
        expect((await made({}))['auto_expand_replicas']).toBe('0-1')
      },
      refreshMs: async () => {
        expect((await made({ refreshMs: 300 }))['refresh_interval']).toBe('300ms')
      },
      requestTimeoutMs: async () => {
        await using receiver = await HttpReceiver.open()
        receiver.behave({ kind: 'hang' })
        await using store = openElasticsearch({ node: receiver.url, requestTimeoutMs: 50 })
        await expect(store.open(orders)).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
      },
      auth: async () => {
        await using receiver = await HttpReceiver.open()
        await using store = openElasticsearch({ node: receiver.url, auth: { apiKey: 'k3y' } })
        expect(await store.health()).toMatchObject({ status: 'down' })
        expect(receiver.requests[0]?.headers['authorization']).toBe('ApiKey k3y')
      },
      ca: async () => {
        const folder = await mkdtemp(join(tmpdir(), 'millrace-search-'))
        const { authority, server } = await createCertificates(folder)
        const read = async (path: string): Promise<string> => await readFile(path, 'utf8')
        let asked = 0
        const options = { key: await read(server.key), cert: await read(server.certificate) }
        const secure = createServer(options, (_, response) => {
          asked += 1
          response.end()
        }).listen(0, '127.0.0.1')
        await vi.waitUntil(() => secure.listening)
        try {
          const node = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`
          await using strange = openElasticsearch({ node })
          expect(await strange.health()).toMatchObject({ status: 'down' })
          expect(asked).toBe(0)
          await using known = openElasticsearch({ node, ca: await read(authority) })
          await known.health()
          expect(asked).toBeGreaterThan(0)
        } finally {
          secure.closeAllConnections()
          secure.close()
          await rm(folder, { recursive: true })
        }
      },
    },
    doors,
  )
})

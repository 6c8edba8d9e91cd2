import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createManagement, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { expect, test, vi } from 'vitest'

import { Customer, customerApp } from './support/customers.ts'
import { dumpElasticsearch, dumpRedis, dumpTables } from './support/dumps.ts'
import { places } from './support/places.ts'
import type { Place } from './support/places.ts'

/** Takes nothing: what is sent to it is a dead letter at once. */
async function refusing(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(400).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

async function fill(app: App, id: string, name: string): Promise<void> {
  const event = Customer.CustomerRegistered({ name })
  await app.store.append(createStreamId('customer', id), [event], { expectedVersion: 'no-stream' })
  await app.database.execute('insert into people values ($1, $2)', [id, name])
  await app.cache.set(`profile/${id}`, { name }, { subjects: [id] })
  const options = { subject: id }
  const dead = await app.queue.enqueue('greet', { name }, options)
  await app.queue.enqueue('greet', { name }, { ...options, delayMs: 3_600_000 })
  await app.queue.enqueue('of-nobody', { name }, options)
  const index = app.searchIndexes.index('customers')
  await vi.waitFor(
    async () => {
      await index.refresh()
      expect(await index.count({ text: { query: name } })).toBe(1)
      expect((await app.queue.find(dead.id))?.state).toBe('dead')
    },
    { timeout: 20_000, interval: 50 },
  )
}

/** Everything that is kept, where it is kept. */
async function dumps(app: App, { env }: Place): Promise<Readonly<Record<string, string>>> {
  const redis = env['MILLRACE_REDIS_URL']
  const search = env['MILLRACE_ELASTICSEARCH_URL']
  return {
    tables: await dumpTables(app.database),
    ...(redis === undefined ? {} : { redis: await dumpRedis(redis, env['MILLRACE_REDIS_PREFIX'] ?? '') }),
    ...(search === undefined
      ? {}
      : { search: await dumpElasticsearch(search, env['MILLRACE_SEARCH_PREFIX'] ?? '') }),
  }
}

test.each(places)(
  'of an erased customer nothing is left in search index, cache, jobs, change log and dead letters (%s)',
  { timeout: 60_000 },
  async (_kind, newPlace) => {
    await using sink = await refusing()
    await using place = await newPlace()
    await using app = await openApp(customerApp(sink.url), { env: place.env })
    const management = createManagement(app)
    await fill(app, 'c-17', 'Gracehopper')
    await fill(app, 'c-1', 'Adalovelace')
    await vi.waitFor(async () => expect((await management.deadLetters()).deadLetters).toHaveLength(2), {
      timeout: 20_000,
    })
    for (const dump of Object.values(await dumps(app, place))) expect(dump).toMatch(/Gracehopper/i)

    // The app's own table is its author's to clean; that is a change of a row, too.
    await app.database.execute('delete from people where id = $1', ['c-17'])
    const order = { by: 'ann', reason: 'they asked' }
    expect(await management.eraseSubject('c-17', order)).toMatchObject({ destroyedKey: true })

    for (const [where, dump] of Object.entries(await dumps(app, place))) {
      expect([where, /Gracehopper/i.exec(dump)?.index]).toEqual([where, undefined])
      expect([where, /Adalovelace/i.test(dump)]).toEqual([where, true])
    }
    expect(await app.cache.get('profile/c-17', { subjects: ['c-17'] })).toBeUndefined()
    expect(await app.cache.get('profile/c-1', { subjects: ['c-1'] })).toEqual({ name: 'Adalovelace' })
    expect(await app.searchIndexes.index('customers').count({ text: { query: 'Gracehopper' } })).toBe(0)
    expect((await management.status()).reasons.filter((reason) => reason.includes('erasure'))).toEqual([])
  },
)

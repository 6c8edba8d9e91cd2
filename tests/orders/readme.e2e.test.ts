import { runStory } from '@millrace/orders'
import { openRedis } from '@millrace/redis'
import { storyOf, transcriptOf } from '@millrace/tools/apps'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'

import { newPlace } from './support/place.ts'

type Env = Readonly<Record<string, string>>

/** What a machine measures is its own. */
function withoutTimes(story: string): string {
  return story.replaceAll(/\d+\.\d+ ms/g, '… ms').replaceAll(/\d+ times less/g, '… times less')
}

/** How often the first order of a story is announced on NATS while it is told. */
async function announcementsOf(env: Env, tell: () => Promise<void>): Promise<number> {
  const connection = await connect({ servers: env['NATS_URL'] ?? '' })
  try {
    let announced = 0
    connection.subscribe('shop.orders.placed', {
      callback: (_error, message) => {
        const { order } = message.json<{ readonly order: string }>()
        if (order.startsWith('1001-')) announced += 1
      },
    })
    await connection.flush()
    await tell()
    await connection.flush()
    return announced
  } finally {
    await connection.close()
  }
}

async function cachedValues({
  MILLRACE_REDIS_URL: url = '',
  MILLRACE_REDIS_PREFIX: prefix,
}: Env): Promise<number> {
  await using connection = await openRedis({ url })
  const keys: string[] = []
  let cursor = '0'
  do {
    const [next, found] = await connection.client.scan(cursor, 'MATCH', `*${prefix}*`, 'COUNT', 1000)
    keys.push(...found)
    cursor = next
  } while (cursor !== '0')
  return keys.length
}

async function documents({
  MILLRACE_ELASTICSEARCH_URL: url,
  MILLRACE_SEARCH_PREFIX: prefix,
}: Env): Promise<number> {
  await fetch(`${url}/${prefix}*/_refresh`, { method: 'POST' })
  const answer = await fetch(`${url}/${prefix}*/_count`)
  return ((await answer.json()) as { readonly count: number }).count
}

// In this process: the other one is a process of its own.
test('the transcript in the README is what happens', { timeout: 240_000 }, async () => {
  await using place = await newPlace('embedded')
  let story = ''
  const stdout = { write: (text: string) => (story += text) }
  await runStory({ env: place.env, stdout, signal: new AbortController().signal })
  expect(withoutTimes(story)).toBe(withoutTimes(transcriptOf('orders')))
})

test('on servers the same happens, and there', { timeout: 420_000 }, async () => {
  await using place = await newPlace('servers')
  const servers = 'tables: postgres, events: jetstream, cache: Redis, documents: Elasticsearch'
  const expected = withoutTimes(transcriptOf('orders').replace(/^tables: .*$/m, servers))
  const announced = await announcementsOf(place.env, async () => {
    expect(withoutTimes(await storyOf('orders', place.env))).toBe(expected)
  })
  expect(announced).toBe(1)
  expect(await cachedValues(place.env)).toBeGreaterThan(100)
  expect(await documents(place.env)).toBeGreaterThan(5)
})

test('a setting that is wrong ends the app with its name', async () => {
  await using place = await newPlace('embedded')
  await expect(storyOf('orders', { ...place.env, NATS_URL: 'localhost' })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^orders: NATS_URL: must be/) as unknown,
  })
})

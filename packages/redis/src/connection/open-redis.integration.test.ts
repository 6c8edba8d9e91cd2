import { inspect } from 'node:util'

import { expect, inject, test } from 'vitest'

import { openRedis } from './open-redis.ts'

test('a server that does not answer is told by host and port, and never by its password', async () => {
  const opening = openRedis({ url: 'redis://someone:s3cret@127.0.0.1:1/0' })
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({
    code: 'ERR_CONNECTION',
    message: expect.stringContaining('127.0.0.1:1') as string,
  })
  expect(inspect(error, { depth: 10 })).not.toContain('s3cret')
})

test.for(['', 'http://localhost', 'redis://', 'localhost:6379'])('the address %j is refused', async (url) => {
  await expect(openRedis({ url })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'url' })
})

test('settings outside their range are refused', async () => {
  const url = inject('redis')
  await expect(openRedis({ url, prefix: 'a{b}' })).rejects.toMatchObject({ setting: 'prefix' })
  await expect(openRedis({ url, commandTimeoutMs: 0 })).rejects.toMatchObject({
    field: 'options.commandTimeoutMs',
  })
})

test('what was sent does not travel with an error', async () => {
  await using connection = await openRedis({ url: inject('redis') })
  const wrong = connection.send(async (client) => await client.call('HSET', 'k', 's3cret'))
  const error = await wrong.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'ReplyError' })
  expect(inspect(error, { depth: 10 })).not.toContain('s3cret')
})

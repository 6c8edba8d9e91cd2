import { dedupWhenAway } from '@millrace/contracts'
import { openRedis, openRedisDedup } from '@millrace/redis'
import { startRedis } from '@millrace/tools/services'
import { expect, test } from 'vitest'

const options = { owner: 'one', leaseMs: 60_000 }

test('without a rule an intake is told that Redis was killed', async () => {
  await using server = await startRedis()
  await using connection = await openRedis({ url: server.url })
  const dedup = openRedisDedup({ connection })
  await dedup.claim('shop', ['a'], options)
  await server.stop('kill')
  await expect(dedup.claim('shop', ['b'], options)).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
    retryable: true,
  })
})

test('an intake that fails open goes on while Redis is killed, and says that it did not look', async () => {
  await using server = await startRedis({ durable: true })
  await using connection = await openRedis({ url: server.url })
  const failures: unknown[] = []
  const onAway = (error: unknown): void => void failures.push(error)
  const dedup = dedupWhenAway(openRedisDedup({ connection }), { whenAway: 'fail-open', onAway })
  const [first] = await dedup.claim('shop', ['a'], options)
  if (first?.kind !== 'new') throw new Error('it is new')
  await dedup.done('shop', [first])
  await server.stop('kill')
  const begin = performance.now()
  expect(await dedup.claim('shop', ['a'], options)).toMatchObject([{ kind: 'unchecked', id: 'a' }])
  expect(performance.now() - begin).toBeLessThan(1_000)
  expect(failures).toMatchObject([{ code: 'ERR_CONNECTION' }])
  await server.start()
  await expect.poll(() => connection.isReady, { timeout: 10_000 }).toBe(true)
  expect(await dedup.claim('shop', ['a'], options)).toMatchObject([
    { kind: 'done', commitId: first.commitId },
  ])
})

test('an intake that waits claims nothing until Redis is back, and then exactly once', async () => {
  await using server = await startRedis({ durable: true })
  await using connection = await openRedis({ url: server.url })
  const failures: unknown[] = []
  const onAway = (error: unknown): void => void failures.push(error)
  const dedup = dedupWhenAway(openRedisDedup({ connection }), { whenAway: 'wait', retryMs: 20, onAway })
  await server.stop('kill')
  const claiming = dedup.claim('shop', ['a'], options)
  await expect.poll(() => failures.length, { timeout: 10_000 }).toBeGreaterThan(2)
  await server.start()
  expect(await claiming).toMatchObject([{ kind: 'new', id: 'a' }])
  expect(await dedup.claim('shop', ['a'], options)).toMatchObject([{ kind: 'processing' }])
})

test('a wait ends with its signal', async () => {
  await using server = await startRedis()
  await using connection = await openRedis({ url: server.url })
  const stop = new AbortController()
  const onAway = (): void => stop.abort(new Error('stopped'))
  const dedup = dedupWhenAway(openRedisDedup({ connection }), {
    whenAway: 'wait',
    signal: stop.signal,
    onAway,
  })
  await server.stop('kill')
  await expect(dedup.claim('shop', ['a'], options)).rejects.toThrow('stopped')
})

test('a Redis that hangs is away after its time, not for ever', async () => {
  await using server = await startRedis()
  await using connection = await openRedis({ url: server.url, commandTimeoutMs: 100 })
  const dedup = dedupWhenAway(openRedisDedup({ connection }), { whenAway: 'fail-open' })
  await dedup.claim('shop', ['a'], options)
  await server.pause()
  try {
    expect(await dedup.claim('shop', ['b'], options)).toMatchObject([{ kind: 'unchecked' }])
  } finally {
    server.resume()
  }
})

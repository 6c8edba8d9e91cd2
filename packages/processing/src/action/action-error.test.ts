import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { ActionError } from './action-error.ts'

test.each([400, 401, 404, 410, 422, 301])('status %i is permanent', (status) => {
  expect(ActionError.fromStatus(status)).toMatchObject({
    kind: 'permanent',
    retryable: false,
    statusCode: status,
  })
})

test.each([408, 425, 429, 500, 502, 503, 504])('status %i is transient', (status) => {
  expect(ActionError.fromStatus(status, 2_000)).toMatchObject({
    kind: 'transient',
    retryable: true,
    statusCode: status,
    retryAfterMs: 2_000,
  })
})

function coded(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code })
}

test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])(
  '%s is unreachable',
  (code) => {
    expect(ActionError.fromNetwork(new TypeError('fetch failed', { cause: coded(code) })).kind).toBe(
      'unreachable',
    )
  },
)

test('a refused connection to several addresses is unreachable', () => {
  const cause = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
  expect(ActionError.fromNetwork(new TypeError('fetch failed', { cause })).kind).toBe('unreachable')
})

test('a connection that broke may have carried the request: transient', () => {
  expect(ActionError.fromNetwork(coded('ECONNRESET')).kind).toBe('transient')
  expect(ActionError.fromNetwork('odd')).toMatchObject({ kind: 'transient', message: 'odd' })
})

test('an action error stays what it is', () => {
  const error = ActionError.fromStatus(400)
  expect(ActionError.fromNetwork(error)).toBe(error)
})

test('a real refused connection is unreachable', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const failure: unknown = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)
  expect(ActionError.fromNetwork(failure).kind).toBe('unreachable')
})

import { expect, test } from 'vitest'

import { givenServers, givenServersEnv } from './given-servers.ts'

const servers = { postgres: 'postgres://postgres@127.0.0.1:5/postgres', nats: 'nats://127.0.0.1:4' }

test('servers reach another run through its environment', () => {
  expect(givenServers(givenServersEnv(servers))).toEqual(servers)
  expect(givenServers({})).toBeUndefined()
})

test('one server without the other is refused', () => {
  expect(() => givenServers({ MILLRACE_TEST_NATS: servers.nats })).toThrow('together or not at all')
})

import { readFileSync, rmSync } from 'node:fs'

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node'
import { expect, test, vi } from 'vitest'

import { createCertificates } from './certificates.ts'
import { startNatsCluster } from './nats-cluster.ts'
import { startNats } from './nats.ts'
import type { NatsServer } from './nats.ts'
import { createServerFolder } from './server-process.ts'
import { startToxiproxy } from './toxiproxy.ts'

/** Building a server that the cache does not have takes a minute or two. */
const firstStart = { timeout: 300_000 }

interface Client extends AsyncDisposable {
  readonly connection: NatsConnection
}

async function client(server: Pick<NatsServer, 'url'>, options: ConnectionOptions = {}): Promise<Client> {
  const connection = await connect({ servers: server.url, ...options })
  return { connection, [Symbol.asyncDispose]: () => connection.close() }
}

test.each([
  ['2.10', '2.10.27'],
  ['2.11', '2.11.12'],
  ['2.12', '2.12.15'],
] as const)('an older server can be had: %s', firstStart, async (version, full) => {
  await using nats = await startNats({ version })
  await using user = await client(nats)
  expect(user.connection.info?.version).toBe(full)
})

test('a server takes settings: passwords, the largest payload, and when it syncs', async () => {
  await using nats = await startNats({
    syncInterval: 'always',
    settings: { max_payload: 2000, authorization: { users: [{ user: 'anna', password: 's3cret' }] } },
  })
  await expect(client(nats)).rejects.toThrow(/authorization/i)
  await using user = await client(nats, { user: 'anna', pass: 's3cret' })
  expect(user.connection.info?.max_payload).toBe(2000)
  const page = await fetch(nats.monitor.page('jsz'))
  expect(await page.json()).toMatchObject({ config: { sync_always: true } })
})

test('a server can be without JetStream, or limit it', async () => {
  await using without = await startNats({ jetstream: false })
  await using stranger = await client(without)
  expect(stranger.connection.info?.jetstream).toBeUndefined()
  await using limited = await startNats({ jetstream: { max_file_store: 1024 ** 2 } })
  await using user = await client(limited)
  const manager = await jetstreamManager(user.connection)
  const tooBig = manager.streams.add({ name: 'BIG', subjects: ['big'], max_bytes: 2 * 1024 ** 2 })
  await expect(tooBig).rejects.toThrow(/insufficient storage/)
})

test('a server can ask for TLS, and for a certificate of the client', async () => {
  using folder = certificateFolder()
  const { authority, server, client: own } = await createCertificates(folder.path)
  const files = { cert_file: server.certificate, key_file: server.key, ca_file: authority }
  await using nats = await startNats({ settings: { tls: { ...files, verify: true } } })
  const ca = readFileSync(authority, 'utf8')
  // Where the server has closed the connection before its alert was read, that is all there is to see.
  const refused = /certificate required|ECONNRESET|EPIPE|CONNECTION_CLOSED|closed/i
  await expect(client(nats, { tls: { ca }, reconnect: false })).rejects.toThrow(refused)
  const [cert, key] = [readFileSync(own.certificate, 'utf8'), readFileSync(own.key, 'utf8')]
  await using user = await client(nats, { tls: { ca, cert, key } })
  expect(user.connection.info?.tls_required).toBe(true)
})

function certificateFolder(): Disposable & { readonly path: string } {
  const path = createServerFolder('certificates', undefined)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('a paused server answers nobody until it is resumed', async () => {
  await using nats = await startNats()
  await using user = await client(nats)
  await nats.pause()
  await expect(user.connection.request('any', '', { timeout: 300 })).rejects.toThrow(/timeout/)
  expect(await nats.monitor.isHealthy()).toBe(false)
  nats.resume()
  await vi.waitFor(async () => expect(await nats.monitor.isHealthy()).toBe(true), 10_000)
})

test('a paused server can be stopped at once', async () => {
  await using nats = await startNats()
  await nats.pause()
  const start = performance.now()
  await nats.stop()
  expect(performance.now() - start).toBeLessThan(5_000)
})

test('a cluster replicates, survives its leader and becomes whole again', { timeout: 90_000 }, async () => {
  await using cluster = await startNatsCluster()
  await using user = await client({ url: cluster.urls[0] ?? '' }, { servers: [...cluster.urls] })
  const manager = await jetstreamManager(user.connection)
  await manager.streams.add({ name: 'KEPT', subjects: ['kept'], num_replicas: 3 })
  const publisher = jetstream(user.connection)
  expect((await publisher.publish('kept')).seq).toBe(1)
  const leader = await cluster.leaderOf('KEPT')
  await leader.stop('kill')
  const heir = await cluster.leaderOf('KEPT')
  expect(heir.name).not.toBe(leader.name)
  await vi.waitFor(async () => expect((await publisher.publish('kept')).seq).toBeGreaterThan(1), 10_000)
  await leader.start()
  await cluster.whenWhole()
})

test('a way through Toxiproxy can be cut, narrowed and mended', firstStart, async () => {
  await using nats = await startNats()
  await using toxiproxy = await startToxiproxy()
  const way = await toxiproxy.open(nats)
  const servers = `nats://127.0.0.1:${way.port}`
  await using user = await client(nats, { servers, reconnectTimeWait: 20, maxReconnectAttempts: -1 })
  const states = followStates(user.connection)
  await way.add({ type: 'limit_data', stream: 'downstream', attributes: { bytes: 1 } })
  user.connection.publish('lost')
  await expect(user.connection.rtt()).rejects.toThrow(/disconnect/i)
  expect(states).toContain('disconnect')
  await way.mend()
  await vi.waitFor(() => expect(states).toContain('reconnect'), 10_000)
  await user.connection.flush()
  await way.cut()
  await expect(client(nats, { servers, reconnect: false })).rejects.toThrow('connection refused')
})

function followStates(connection: NatsConnection): readonly string[] {
  const states: string[] = []
  void (async () => {
    for await (const { type } of connection.status()) states.push(type)
  })()
  return states
}

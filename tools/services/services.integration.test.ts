import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect as connectNats } from '@nats-io/transport-node'
import { Client } from 'pg'
import { expect, inject, test, vi } from 'vitest'

import { rootFolder } from '../workspaces.ts'
import { announcedServers } from './developer.ts'
import { startNats } from './nats.ts'
import { isListening } from './port.ts'
import { type PostgresStop, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>({ text })).rows
  } finally {
    await client.end()
  }
}

test('a run shares one Postgres that need not wait for the disk', async () => {
  expect(await query(inject('servers').postgres, 'show fsync')).toEqual([{ fsync: 'off' }])
})

test('a run shares one NATS server with JetStream', async () => {
  const { hostname, port } = new URL(inject('servers').nats)
  const socket = connect(Number(port), hostname)
  const [info] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(info.toString()).toContain('"jetstream":true')
})

test('a durable Postgres waits for the disk', async () => {
  await using postgres = await startPostgres({ durable: true })
  const [row] = await query(
    postgres.url,
    "select current_setting('fsync'), current_setting('synchronous_commit') sync",
  )
  expect(row).toEqual({ current_setting: 'on', sync: 'on' })
})

test.each<PostgresStop>(['fast', 'immediate', 'kill'])(
  'Postgres stopped by %s comes back on its port with its data',
  async (how) => {
    await using postgres = await startPostgres({ durable: true })
    await query(postgres.url, 'create table kept as select 1 as one')
    const before = postgres.pid
    await postgres.stop(how)
    expect(postgres.pid).toBeUndefined()
    await postgres.start()
    expect(postgres.pid).not.toBe(before)
    expect(await query(postgres.url, 'select one from kept')).toEqual([{ one: 1 }])
  },
)

test('NATS comes back on its port', async () => {
  await using nats = await startNats()
  await nats.stop('kill')
  expect(await isListening(nats.port)).toBe(false)
  await nats.start()
  expect(await isListening(nats.port)).toBe(true)
})

test.each(['shutdown', 'kill'] as const)(
  'a durable Redis ended by %s comes back with its data',
  async (how) => {
    await using redis = await startRedis({ durable: true })
    expect(await redisSays(redis.port, 'SET kept 1')).toBe('+OK')
    await redis.restart(how)
    expect(await redisSays(redis.port, 'GET kept')).toBe('$1')
  },
)

test('a Redis that need not be durable begins empty', async () => {
  await using redis = await startRedis()
  await redisSays(redis.port, 'SET gone 1')
  await redis.restart()
  expect(await redisSays(redis.port, 'GET gone')).toBe('$-1')
})

/** The first line of the answer. */
async function redisSays(port: number, command: string): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${command}\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString().split('\r\n', 1)[0]
}

interface Starter {
  readonly child: ReturnType<typeof spawn>
  readonly ports: readonly number[]
}

async function startInAnotherProcess(): Promise<Starter> {
  const child = spawn(process.execPath, ['tools/services/main.ts', 'without', 'elasticsearch'], {
    cwd: rootFolder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ports: number[] = []
  for await (const line of createInterface(child.stdout)) {
    const port = /:(\d+)/.exec(line)?.[1]
    if (port !== undefined) ports.push(Number(port))
    if (line.startsWith('Ctrl-C')) break
  }
  return { child, ports }
}

async function runMain(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['tools/services/main.ts', ...args], {
    cwd: rootFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

test("a developer's streams are removed while the servers run, and nobody else's", async () => {
  expect((await runMain('reset', 'all')).code).toBe(2)
  const { child, ports } = await startInAnotherProcess()
  try {
    const url = `nats://127.0.0.1:${ports[1]}`
    const connection = await connectNats({ servers: url })
    const { streams } = await jetstreamManager(connection)
    await streams.add({ name: 'ORDERS', subjects: ['orders.>'] })
    await jetstream(connection).publish('orders.one')
    expect(await runMain('reset', 'nats')).toEqual({
      code: 0,
      output: expect.stringContaining(`${url}: removed ORDERS\n`) as string,
    })
    expect(await streams.names().next()).toEqual([])
    expect((await runMain('reset', 'nats')).output).toContain(`${url}: had no streams\n`)
    await connection.close()
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  expect(announcedServers().filter(({ nats }) => nats.endsWith(`:${ports[1]}`))).toEqual([])
})

async function areListening(ports: readonly number[]): Promise<boolean[]> {
  return Promise.all(ports.map(isListening))
}

test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGKILL'])(
  'servers end with a starter ended by %s',
  async (signal) => {
    const { child, ports } = await startInAnotherProcess()
    expect(await areListening(ports)).toEqual([true, true, true])
    child.kill(signal)
    await vi.waitFor(async () => expect(await areListening(ports)).toEqual([false, false, false]), 10_000)
  },
)

import { expect, test, vi } from 'vitest'

import { ChangeQueue } from './change-queue.ts'
import { LiveConnection } from './live-connection.ts'
import type { LiveConnectionOptions } from './live-connection.ts'

const patient: LiveConnectionOptions = { heartbeatMs: 60_000, stallMs: 60_000, bufferBytes: 100 }
const open = (options: Partial<LiveConnectionOptions> = {}): LiveConnection =>
  new LiveConnection({ ...patient, ...options })

async function textOf(connection: LiveConnection): Promise<string> {
  return await new Response(connection.body).text()
}

test('messages arrive in order, as the format asks', async () => {
  const connection = open({ bufferBytes: 10_000 })
  await connection.send({ event: 'event', id: 'g:1:0', data: { a: 'line\nbreak' } })
  await connection.send({ event: 'processor', data: 1 })
  connection.close()
  expect(await textOf(connection)).toBe(
    'event: event\nid: g:1:0\ndata: {"a":"line\\nbreak"}\n\nevent: processor\ndata: 1\n\n',
  )
})

test('a sender waits for a client that reads slowly', async () => {
  const connection = open()
  const reader = connection.body.getReader()
  await connection.send({ event: 'event', data: 'x'.repeat(200) })
  let sent = false
  const second = connection.send({ event: 'event', data: 'y' }).then(() => (sent = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(sent).toBe(false)
  await reader.read()
  await second
  expect(sent).toBe(true)
  await reader.cancel()
  expect(connection.signal.aborted).toBe(true)
})

test('a client that reads nothing is cut', async () => {
  const connection = open({ stallMs: 10 })
  await connection.send({ event: 'event', data: 'x'.repeat(200) })
  await connection.send({ event: 'event', data: 'y' })
  expect(connection.signal.aborted).toBe(true)
  await expect(textOf(connection)).rejects.toThrow(/too slowly/)
})

test('heartbeats are sent while there is room, and never pile up', async () => {
  const connection = open({ heartbeatMs: 5, bufferBytes: 20 })
  await vi.waitFor(() => expect(connection.signal.aborted).toBe(false))
  const reader = connection.body.getReader()
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toBe(': heartbeat\n\n')
  await reader.cancel()
})

test('after the end nothing is sent and ending again changes nothing', async () => {
  const connection = open()
  connection.close()
  connection.close()
  connection.cut()
  await connection.send({ event: 'event', data: 1 })
  expect(await textOf(connection)).toBe('')
})

test('a waiting sender is released when the client goes away', async () => {
  const connection = open()
  await connection.send({ event: 'event', data: 'x'.repeat(200) })
  const waiting = connection.send({ event: 'event', data: 'y' })
  await connection.body.cancel()
  await waiting
  expect(connection.signal.aborted).toBe(true)
})

const advanced = (name: string, detail: string): Parameters<ChangeQueue['push']>[0] => ({
  kind: 'processor',
  name,
  partition: 0,
  change: 'advanced',
  detail,
})

test('of several changes of one thing the newest is sent', async () => {
  const connection = open()
  const queue = new ChangeQueue(connection)
  for (let commit = 1; commit <= 50; commit++) queue.push(advanced('a', `g:${commit}:0`))
  queue.push({
    kind: 'delivery',
    id: 'd',
    processor: 'a',
    partition: 0,
    action: 'hook',
    recordId: 'r',
    change: 'delivered',
    attempt: 1,
    error: null,
  })
  const reader = connection.body.getReader()
  let text = ''
  while (!text.includes('"d"')) text += new TextDecoder().decode((await reader.read()).value)
  expect(text.match(/event: processor/g)?.length).toBeLessThanOrEqual(2)
  expect(text).toContain('g:50:0')
  await reader.cancel()
})

test('a client that lets changes pile up is cut', () => {
  const connection = open()
  const queue = new ChangeQueue(connection)
  for (let index = 0; index <= 1_010; index++) queue.push(advanced(`p${index}`, 'x'))
  expect(connection.signal.aborted).toBe(true)
})

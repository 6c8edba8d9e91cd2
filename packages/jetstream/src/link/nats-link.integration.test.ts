import type { Msg, NatsConnection, Status } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { describe, expect, inject, test } from 'vitest'

import { eventually } from '../../fixtures/eventually.ts'
import { freshName } from '../../fixtures/names.ts'
import { openNatsLink } from './connect.ts'
import type { NatsLink } from './nats-link.ts'
import { headerOf, rawHeaders, statusOf, textOf } from './raw-message.ts'

const servers = (): string => inject('servers').nats

async function openConnection(): Promise<NatsConnection> {
  return await connect({ servers: servers().replace('nats://', ''), reconnectTimeWait: 10 })
}

/** Answers each request with as many replies as its payload says, the last one empty. */
function answer(connection: NatsConnection, subject: string): void {
  connection.subscribe(subject, {
    callback: (_, message) => {
      for (let n = Number(message.string()); n > 0; n--) message.respond(String(n))
      message.respond('')
    },
  })
}

/** What the promise is rejected with; it may take its time. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return new Error(`resolved to ${String(await promise)}`)
  } catch (error) {
    return error
  }
}

const empty = (reply: Msg): boolean => textOf(reply) === ''

async function linked(): Promise<{ readonly link: NatsLink; readonly subject: string } & AsyncDisposable> {
  const connection = await openConnection()
  const subject = freshName('echo')
  answer(connection, subject)
  await connection.flush()
  const link = await openNatsLink({ servers: servers() })
  return {
    link,
    subject,
    [Symbol.asyncDispose]: async () => {
      await link[Symbol.asyncDispose]()
      await connection.close()
    },
  }
}

describe('a request', () => {
  test('is answered, and several at once each get their own answer', async () => {
    await using there = await linked()
    const { link, subject } = there
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const replies: string[] = []
        await link.collect({ subject, payload: String(n) }, (reply) => {
          replies.push(textOf(reply))
          return empty(reply)
        })
        return replies.length
      }),
    )
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(textOf(await link.request({ subject, payload: '1' }))).toBe('1')
  })

  test('to nobody is told so at once', async () => {
    await using there = await linked()
    const request = there.link.request({ subject: freshName('nobody'), payload: '' })
    await expect(request).rejects.toMatchObject({ name: 'NoAnswer', silence: 'no-responders' })
  })

  test('without an answer is given up after its time', async () => {
    await using there = await linked()
    const { link } = there
    const silent = freshName('silent')
    const unsubscribe = link.subscribe(silent, () => {})
    const start = performance.now()
    const request = link.request({ subject: silent, payload: '' }, { timeoutMs: 120 })
    await expect(request).rejects.toMatchObject({ name: 'NoAnswer', silence: 'timeout' })
    expect(performance.now() - start).toBeGreaterThan(110)
    unsubscribe()
  })

  test('whose replies stop is given up, counted from the last of them', async () => {
    await using there = await linked()
    const { link, subject } = there
    const collected = link.collect({ subject, payload: '3' }, () => false, { timeoutMs: 120 })
    await expect(collected).rejects.toMatchObject({ silence: 'timeout' })
  })

  test('ends with the reason of its signal', async () => {
    await using there = await linked()
    const { link } = there
    const silent = freshName('silent')
    link.subscribe(silent, () => {})
    const controller = new AbortController()
    const { signal } = controller
    const request = link.request({ subject: silent, payload: '' }, { signal })
    controller.abort(new Error('enough'))
    await expect(request).rejects.toThrow('enough')
    await expect(link.request({ subject: silent, payload: '' }, { signal })).rejects.toThrow('enough')
    const answered = new AbortController()
    expect(
      textOf(await link.request({ subject: there.subject, payload: '1' }, { signal: answered.signal })),
    ).toBe('1')
    const nobody = link.request({ subject: freshName('nobody'), payload: '' }, { signal: answered.signal })
    await expect(nobody).rejects.toMatchObject({ silence: 'no-responders' })
  })

  test('fails with what its taker throws, and others go on', async () => {
    await using there = await linked()
    const { link, subject } = there
    const failing = link.collect({ subject, payload: '2' }, () => {
      throw new Error('cannot read it')
    })
    await expect(failing).rejects.toThrow('cannot read it')
    expect(textOf(await link.request({ subject, payload: '1' }))).toBe('1')
  })

  test('above what the server takes is refused before it is sent', async () => {
    await using there = await linked()
    const { link, subject } = there
    const max = link.info.max_payload
    const request = link.request({ subject, payload: 'x'.repeat(max + 1) })
    await expect(request).rejects.toMatchObject({
      code: 'ERR_PAYLOAD_TOO_LARGE',
      bytes: max + 1,
      maxBytes: max,
    })
    const bytes = link.request({ subject, payload: new Uint8Array(max), headers: new Uint8Array(1) })
    await expect(bytes).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE', bytes: max + 1 })
  })
})

describe('JetStream', () => {
  test('is asked by name of what it is to do', async () => {
    await using there = await linked()
    const { api } = await there.link.api<{ readonly api: { readonly level: number } }>('INFO')
    expect(api.level).toBeGreaterThanOrEqual(2)
  })

  test('refuses with its number and reason', async () => {
    await using there = await linked()
    const info = there.link.api(`STREAM.INFO.${freshName('missing')}`)
    await expect(info).rejects.toMatchObject({ name: 'ServerRefusal', status: 404, code: 10_059 })
  })

  test('of another domain is asked there', async () => {
    await using link = await openNatsLink({ servers: servers(), domain: 'elsewhere' })
    expect(link.apiPrefix).toBe('$JS.elsewhere.API')
    await expect(link.api('INFO')).rejects.toMatchObject({ silence: 'no-responders' })
  })
})

describe('a link', () => {
  test('that is closed refuses everything with a typed error, and its waits end', async () => {
    const link = await openNatsLink({ servers: servers() })
    const silent = freshName('silent')
    link.subscribe(silent, () => {})
    const waiting = link.request({ subject: silent, payload: '' })
    await link[Symbol.asyncDispose]()
    await link[Symbol.asyncDispose]()
    const closed = { code: 'ERR_CONNECTION', message: 'the event store was closed' }
    await expect(waiting).rejects.toMatchObject(closed)
    await expect(link.request({ subject: silent, payload: '' })).rejects.toMatchObject(closed)
    expect(() => link.publish({ subject: silent, payload: '' })).toThrow(expect.objectContaining(closed))
    expect(() => link.subscribe(silent, () => {})).toThrow(expect.objectContaining(closed))
    expect(() => link.info).toThrow(expect.objectContaining(closed))
    expect(link.closed.aborted).toBe(true)
  })

  test('over a given connection leaves it open', async () => {
    await using connection = await openConnection()
    const link = await openNatsLink({}, connection)
    expect((await link.api<{ readonly type: string }>('INFO')).type).toContain('account_info')
    await link[Symbol.asyncDispose]()
    expect(connection.isClosed()).toBe(false)
    await connection.flush()
  })

  test('over a given connection leaves nothing behind that listens to it', async () => {
    await using connection = await openConnection()
    const opened: AsyncIterable<Status>[] = []
    const status = connection.status.bind(connection)
    connection.status = () => {
      const statuses = status()
      opened.push(statuses)
      return statuses
    }
    const link = await openNatsLink({}, connection)
    await link[Symbol.asyncDispose]()
    const [statuses] = opened as (AsyncIterable<Status> & { readonly iterClosed: Promise<void> })[]
    await expect(statuses?.iterClosed).resolves.toBeUndefined()
    expect(opened).toHaveLength(1)
  })

  test('whose given connection is closed by its owner is closed too', async () => {
    const connection = await openConnection()
    const link = await openNatsLink({}, connection)
    await connection.close()
    await eventually(() => link.closed.aborted)
    await expect(link.api('INFO')).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  })

  test('tells those who wait when the connection breaks, waits with what comes meanwhile, and says when it is back', async () => {
    await using connection = await openConnection()
    await using link = await openNatsLink({}, connection)
    const silent = freshName('silent')
    link.subscribe(silent, () => {})
    let reconnects = 0
    const forget = link.onReconnect(() => (reconnects += 1))
    const waiting = failureOf(link.request({ subject: silent, payload: '' }))
    await connection.reconnect()
    expect(await waiting).toMatchObject({ silence: 'disconnected' })
    expect(await link.api('INFO')).toBeDefined()
    expect(reconnects).toBe(1)
    forget()
    await connection.reconnect()
    await eventually(async () => (await link.api('INFO').catch(() => undefined)) !== undefined)
    expect(reconnects).toBe(1)
  })

  test('gives up what waits for the connection to come back, after its time or when it is closed or aborted', async () => {
    // An address where nobody will ever be again.
    const connection = await openConnection()
    connection.setServers(['127.0.0.1:1'])
    const link = await openNatsLink({}, connection)
    const lost = failureOf(link.request({ subject: freshName('silent'), payload: '' }))
    await connection.reconnect()
    expect(await lost).toMatchObject({ name: 'NoAnswer' })
    await eventually(async () => {
      const silence = await link
        .request({ subject: 'x', payload: '' }, { timeoutMs: 20 })
        .catch((error: unknown) => error)
      return (silence as { readonly silence?: string }).silence === 'disconnected'
    })
    const controller = new AbortController()
    const aborted = failureOf(link.api('INFO', undefined, { signal: controller.signal }))
    controller.abort(new Error('enough'))
    expect(String(await aborted)).toBe('Error: enough')
    const closing = failureOf(link.collect({ subject: 'x', payload: '' }, () => true))
    await link[Symbol.asyncDispose]()
    expect(await closing).toMatchObject({ code: 'ERR_CONNECTION' })
    await connection.close()
  })
})

test('header values are found by their exact name', () => {
  const headers = 'NATS/1.0 404 No Messages\r\nNats-Stream: a\r\nNats-Stream-2: b\r\nEmpty:\r\n\r\n'
  expect(headerOf(headers, 'Nats-Stream')).toBe('a')
  expect(headerOf(headers, 'Empty')).toBe('')
  expect(headerOf(headers, 'nats-stream')).toBeUndefined()
  expect([statusOf(headers), statusOf('NATS/1.0\r\n\r\n'), statusOf('')]).toEqual([404, 0, 0])
})

test('a message without a header has an empty one', async () => {
  await using there = await linked()
  expect(rawHeaders(await there.link.request({ subject: there.subject, payload: '1' }))).toBe('')
})

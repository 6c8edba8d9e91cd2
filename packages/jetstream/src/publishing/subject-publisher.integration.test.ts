import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import { expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openSubjectPublisher } from './subject-publisher.ts'

const message = (subject: string, id: string) => ({
  subject,
  id,
  payload: '{"n":1}',
  contentType: 'application/json',
})

async function ask<T>(connection: NatsConnection, verb: string, body: object = {}): Promise<T> {
  const reply = await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 5_000 })
  return reply.json<T>()
}

test('a message on a subject of a stream is stored once, however often it comes', async () => {
  const servers = inject('servers').nats
  const name = freshName('subjects')
  const connection = await connect({ servers })
  await ask(connection, `STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], storage: 'memory' })
  try {
    await using publisher = await openSubjectPublisher({ servers })
    for (const id of ['order:1', 'order:1', 'order:2'])
      expect(await publisher.publish(message(`${name}.orders`, id))).toBe(true)
    const { state } = await ask<{ readonly state: { readonly messages: number } }>(
      connection,
      `STREAM.INFO.${name}`,
    )
    expect(state.messages).toBe(2)
    // What the stream refuses is told: it is full.
    await ask(connection, `STREAM.UPDATE.${name}`, {
      name,
      subjects: [`${name}.>`],
      storage: 'memory',
      max_msgs: 2,
      discard: 'new',
    })
    await expect(publisher.publish(message(`${name}.orders`, 'order:3'))).rejects.toMatchObject({
      code: 'ERR_PUBLISHER',
    })
  } finally {
    await ask(connection, `STREAM.DELETE.${name}`)
    await connection.close()
  }
})

test('without a stream the server has the message, and whoever listens gets it', async () => {
  const servers = inject('servers').nats
  const connection = await connect({ servers })
  try {
    const subject = freshName('heard')
    const heard = connection.subscribe(subject, { max: 1 })
    await connection.flush()
    await using publisher = await openSubjectPublisher({ servers })
    expect(await publisher.publish(message(subject, 'order:1'))).toBe(false)
    for await (const { data, headers } of heard)
      expect([new TextDecoder().decode(data), headers?.get('content-type')]).toEqual([
        '{"n":1}',
        'application/json',
      ])
    expect(heard.getProcessed()).toBe(1)
    for (const wrong of ['', 'a..b', 'a b', 'a.*', '>', '$JS.API.INFO', 'a.'])
      await expect(publisher.publish(message(wrong, 'x'))).rejects.toMatchObject({
        code: 'ERR_PUBLISHER',
        retryable: false,
      })
  } finally {
    await connection.close()
  }
})

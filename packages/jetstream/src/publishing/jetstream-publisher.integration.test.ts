import { publisherContract } from '@millrace/conformance'
import type { PublisherUnderTest } from '@millrace/conformance'
import type { CloudEvent } from '@millrace/contracts'
import { connect } from '@nats-io/transport-node'
import { expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openJetStreamPublisher } from './jetstream-publisher.ts'

/** A stream of the readers', its publisher, and a reader. */
async function openReaders(
  prefix = freshName('readers'),
): Promise<PublisherUnderTest & { readonly subjects: () => Promise<readonly string[]> }> {
  const servers = inject('servers').nats
  const connection = await connect({ servers })
  const ask = async <T>(verb: string, body: object = {}): Promise<T> => {
    const reply = await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 5_000 })
    return reply.json<T>()
  }
  await ask(`STREAM.CREATE.${prefix}`, { name: prefix, subjects: [`${prefix}.>`], storage: 'memory' })
  const publisher = await openJetStreamPublisher({ servers, prefix })
  const messages = async (): Promise<readonly { readonly subject: string; readonly event: CloudEvent }[]> => {
    const { state } = await ask<{ readonly state: { readonly last_seq: number } }>(`STREAM.INFO.${prefix}`)
    const all = Array.from({ length: state.last_seq }, async (_, n) => {
      const { message } = await ask<{
        readonly message: { readonly subject: string; readonly data: string }
      }>(`STREAM.MSG.GET.${prefix}`, { seq: n + 1 })
      const event = JSON.parse(Buffer.from(message.data, 'base64').toString()) as CloudEvent
      return { subject: message.subject, event }
    })
    return await Promise.all(all)
  }
  return {
    publisher,
    received: async () => (await messages()).map(({ event }) => event),
    subjects: async () => (await messages()).map(({ subject }) => subject),
    [Symbol.asyncDispose]: async () => {
      await publisher[Symbol.asyncDispose]()
      await ask(`STREAM.DELETE.${prefix}`)
      await connection.close()
    },
  }
}

publisherContract({ name: 'the publisher on JetStream', open: openReaders })

const event: CloudEvent = {
  specversion: '1.0',
  id: '01KAEXAMPLE0000000000000000',
  source: 'urn:millrace:suite',
  type: 'order.placed*',
  data: { n: 1 },
}

test('a subject is the prefix and the type as one token', async () => {
  const prefix = freshName('readers')
  await using readers = await openReaders(prefix)
  await readers.publisher.publish([event])
  const [subject] = await readers.subjects()
  expect(subject?.startsWith(`${prefix}.order`)).toBe(true)
  expect(subject?.split('.')).toHaveLength(2)
})

test('a stream that is not there is waited for, a message nobody takes is not', async () => {
  const servers = inject('servers').nats
  await using nowhere = await openJetStreamPublisher({ servers, prefix: freshName('nobody') })
  await expect(nowhere.publish([event])).rejects.toMatchObject({ code: 'ERR_PUBLISHER', retryable: true })
  await using readers = await openReaders()
  const huge = { ...event, data: 'x'.repeat(2_000_000) }
  await expect(readers.publisher.publish([huge])).rejects.toMatchObject({
    code: 'ERR_PUBLISHER',
    retryable: false,
  })
})

test.each(['', 'a b', 'a..b', 'a.*', '.a'])('the prefix %j is refused', async (prefix) => {
  const opening = openJetStreamPublisher({ servers: inject('servers').nats, prefix })
  await expect(opening).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'prefix' })
})

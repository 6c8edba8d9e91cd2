import { expect, inject, test } from 'vitest'

import { eventually } from '../../fixtures/eventually.ts'
import { fact, ReadStage, stream, upTo } from '../../fixtures/read-stage.ts'
import { TcpWay } from '../../fixtures/tcp-way.ts'
import { openNatsLink } from '../link/connect.ts'
import { PullConsumer } from './pull-consumer.ts'

const id = stream('a')

async function open(stage: ReadStage, after = 0): Promise<PullConsumer> {
  const { subjects } = stage
  return await PullConsumer.open(await stage.parts(1), {
    after,
    filters: [subjects.events()],
    purpose: 'read',
  })
}

/** Takes so many messages, waiting for them; their sequences. */
async function take(consumer: PullConsumer, count: number): Promise<number[]> {
  const sequences: number[] = []
  while (sequences.length < count) {
    const message = consumer.take()
    if (message === undefined) await consumer.change(AbortSignal.timeout(20_000))
    else sequences.push(message.sequence)
  }
  return sequences
}

const fromTo = (first: number, last: number): readonly number[] =>
  upTo(last - first + 1).map((n) => n + first)

test('messages come in order from behind a sequence, what is appended later too, and the consumer goes with its reader', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 300)
  const consumer = await open(stage, 120)
  expect(await take(consumer, 180)).toEqual(fromTo(121, 300))
  expect(await stage.consumerNames()).toHaveLength(1)
  await stage.store.append(id, [fact(300)], { expectedVersion: 300 })
  expect(await take(consumer, 1)).toEqual([301])
  expect(consumer.examined).toBe(301)
  await consumer[Symbol.asyncDispose]()
  await consumer[Symbol.asyncDispose]()
  expect(await stage.consumerNames()).toEqual([])
})

test('a reader who takes his time gets no more than he has room for, and nothing twice', async () => {
  await using stage = await ReadStage.open()
  await stage.scatter(9_000)
  await using consumer = await open(stage)
  let most = 0
  // Longer than a consumer outlives its last pull.
  const until = performance.now() + 6_000
  while (performance.now() < until) {
    most = Math.max(most, consumer.waiting)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(most).toBeLessThan(5_000)
  expect(await take(consumer, 9_000)).toEqual(fromTo(1, 9_000))
}, 60_000)

test('a consumer that somebody deletes is replaced: nothing is lost, nothing comes twice', async () => {
  await using stage = await ReadStage.open()
  await stage.scatter(5_000)
  await using consumer = await open(stage)
  const sequences: number[] = []
  for (let round = 0; round < 5; round++) {
    sequences.push(...(await take(consumer, 900)))
    for (const name of await stage.consumerNames())
      await stage.link.api(`CONSUMER.DELETE.${stage.name}.${name}`)
  }
  sequences.push(...(await take(consumer, 500)))
  expect(sequences).toEqual(fromTo(1, 5_000))
}, 60_000)

test('a consumer at the head that somebody deletes still sees what comes next', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  await using consumer = await open(stage)
  await take(consumer, 3)
  for (const name of await stage.consumerNames())
    await stage.link.api(`CONSUMER.DELETE.${stage.name}.${name}`)
  await stage.store.append(id, [fact(3)], { expectedVersion: 3 })
  expect(await take(consumer, 1)).toEqual([4])
})

test('a connection that is cut again and again costs neither a message nor a repeat', async () => {
  await using stage = await ReadStage.open()
  await stage.scatter(5_000)
  await using way = await TcpWay.open(inject('servers').nats)
  await using link = await openNatsLink({ servers: way.url })
  const { subjects } = stage
  const target = { after: 0, filters: [subjects.events()], purpose: 'read' } as const
  await using consumer = await PullConsumer.open({ ...(await stage.parts(1)), link }, target)
  const sequences: number[] = []
  for (let round = 0; round < 5; round++) {
    sequences.push(...(await take(consumer, 1_000)))
    way.cut()
  }
  await stage.store.append(id, [fact(0)], { expectedVersion: 0 })
  sequences.push(...(await take(consumer, 1)))
  expect(sequences).toEqual(fromTo(1, 5_001))
}, 60_000)

/** Where the consumer's messages are sent to, seen from outside, while `run` makes it ask for more. */
async function inboxOf({ link, name }: ReadStage, run: () => Promise<unknown>): Promise<string> {
  const asked: string[] = []
  const stop = link.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${name}.*`, ({ reply }) => asked.push(reply ?? ''))
  await run()
  await eventually(() => asked.length > 0)
  stop()
  return asked.at(-1) ?? ''
}

test.each([
  ['a delivery that was lost on the way', 'NATS/1.0\r\n\r\n', '1.9999.9999.1763734282032999999.3'],
  [
    'deliveries lost before a heartbeat',
    'NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 9999\r\n\r\n',
    undefined,
  ],
  ['a server that gives the consumer up', 'NATS/1.0 409 Leadership Change\r\n\r\n', undefined],
])(
  '%s is noticed, and reading goes on with a new consumer',
  async (_, headers, numbers) => {
    await using stage = await ReadStage.open()
    await stage.scatter(1_000)
    await using consumer = await open(stage)
    const sequences: number[] = []
    const inbox = await inboxOf(stage, async () => sequences.push(...(await take(consumer, 500))))
    const before = await stage.consumerNames()
    // Servers take no acknowledgement subjects from clients; one that is as long does as well.
    const reply = numbers === undefined ? undefined : `xJS.ACK.${stage.name}.${before[0]}.${numbers}`
    stage.link.publish({ subject: inbox, payload: '', headers: Buffer.from(headers) }, reply)
    await eventually(async () => (await stage.consumerNames()).some((name) => !before.includes(name)))
    sequences.push(...(await take(consumer, 500)))
    expect(sequences).toEqual(fromTo(1, 1_000))
  },
  60_000,
)

test('a message that no pull may hold is asked for alone', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 3)
  await using consumer = await open(stage)
  const inbox = await inboxOf(stage, async () => await take(consumer, 3))
  const refusal = 'NATS/1.0 409 Message Size Exceeds MaxBytes\r\nNats-Pending-Messages: 4096\r\n\r\n'
  const asked: string[] = []
  const { link, name } = stage
  const stop = link.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${name}.*`, ({ data }) =>
    asked.push(Buffer.from(data).toString()),
  )
  for (let n = 0; n < 2; n++) link.publish({ subject: inbox, payload: '', headers: Buffer.from(refusal) })
  await eventually(() => asked.some((request) => request.startsWith('{"batch":1,"expires"')))
  stop()
  await stage.store.append(id, [fact(3)], { expectedVersion: 3 })
  expect(await take(consumer, 1)).toEqual([4])
})

test('how far the server looked is known even where nothing is to be delivered', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 5)
  const { link, subjects } = stage
  const target = { after: 0, filters: [subjects.events('none')], purpose: 'read' } as const
  await using consumer = await PullConsumer.open({ ...(await stage.parts(1)), link }, target)
  while (consumer.examined < 5) await consumer.change(AbortSignal.timeout(10_000))
  expect([consumer.waiting, consumer.pending]).toEqual([0, 0])
})

test('a wait ends when its signal aborts, and when the consumer is closed', async () => {
  await using stage = await ReadStage.open()
  const consumer = await open(stage)
  const ending = new AbortController()
  const aborted = consumer.change(ending.signal)
  ending.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  const closed = (async () => {
    for (;;) await consumer.change(undefined)
  })()
  const [refused] = await Promise.all([Promise.allSettled([closed]), consumer[Symbol.asyncDispose]()])
  expect(refused).toMatchObject([{ status: 'rejected', reason: { code: 'ERR_CONNECTION' } }])
  expect(() => consumer.take()).toThrow('closed')
})

test('a stream that is deleted under a consumer ends it with a typed error', async () => {
  await using stage = await ReadStage.open()
  await stage.fill(id, 1)
  await using consumer = await open(stage)
  await take(consumer, 1)
  await stage.link.api(`STREAM.DELETE.${stage.name}`)
  await expect(take(consumer, 1)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
}, 60_000)

test('a consumer that is lost where there is no room for another goes on once there is', async () => {
  await using stage = await ReadStage.open({ maxConsumers: 1 })
  await stage.fill(id, 3)
  await using consumer = await open(stage)
  expect(await take(consumer, 3)).toEqual([1, 2, 3])
  await stage.crowdOut()
  await stage.store.append(id, [fact(3)], { expectedVersion: 3 })
  const more = take(consumer, 1)
  const waited = await Promise.race([more, new Promise((resolve) => setTimeout(resolve, 3_000, 'waits'))])
  expect(waited).toBe('waits')
  await stage.link.api(`CONSUMER.DELETE.${stage.name}.theirs`)
  expect(await more).toEqual([4])
}, 60_000)

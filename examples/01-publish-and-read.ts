// Events are appended to a stream, and read again: one stream, the whole log, and as they come.
import {
  createEventDecoder,
  createStreamId,
  decodeEvents,
  defineEvents,
  followLog,
} from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { z } from 'zod'

const Account = defineEvents({
  Opened: z.object({ owner: z.string() }),
  Deposited: z.object({ cents: z.bigint() }),
})

await using store = await openMemoryStore()
const decode = createEventDecoder()
const cash = createStreamId('account', '1000-CASH')
const bank = createStreamId('account', '1010-BANK')

const opened = await store.append(
  cash,
  [Account.Opened({ owner: 'Ada' }), Account.Deposited({ cents: 1250n })],
  {
    expectedVersion: 'no-stream',
    metadata: { correlationId: 'order-7', actor: { kind: 'user', id: 'clerk' } },
  },
)
await store.append(bank, [Account.Opened({ owner: 'Grace' })], { expectedVersion: 'no-stream' })
console.log('appended', opened.streamId, 'up to version', Number(opened.version))

for await (const envelope of decodeEvents(store.read(cash), decode)) {
  const event = Account.$.parse(envelope)
  console.log('read', Number(event.version), event.type, event.data)
}

for await (const { streamId, type } of store.readAll({ correlationId: 'order-7' }))
  console.log('of one conversation', streamId, type)

// A subscription waits at the head; what is appended now is there at once.
const stop = new AbortController()
const live = followLog(store.log, { after: await store.log.head(), signal: stop.signal })
const next = live.next()
await store.append(bank, [Account.Deposited({ cents: 5n })], { expectedVersion: 1 })
const { value: batch } = await next
console.log(
  'live',
  batch?.records.map(({ streamId, type }) => `${streamId} ${type}`),
)
stop.abort()

import type { Msg } from '@nats-io/nats-core'
import { expect, test } from 'vitest'

import { acknowledgementOf, DeliveredMessage, numbersAt } from './delivered-message.ts'

const time = 1_763_734_282_032
const numbers = `1.4711.17.${time}999999.12`

/** A message as the library hands it out; only what is looked at. */
function message(reply: string | undefined): Msg {
  const bytes = Buffer.from('NATS/1.0\r\na: b\r\n\r\nhello')
  const subject = Buffer.from('s.es.01.cart.7')
  const parts = { hdr: 18, subject, reply: reply === undefined ? undefined : Buffer.from(reply) }
  return { _rdata: bytes, _msg: parts, data: bytes.subarray(18) } as unknown as Msg
}

test.each([
  ['of a server without domains', `$JS.ACK.orders.millrace-log-1.${numbers}`],
  ['of a server with them', `$JS.ACK.hub.3x9Zk1.orders.millrace-log-1.${numbers}`],
  ['with a token behind', `$JS.ACK._.3x9Zk1.orders.millrace-log-1.${numbers}.aB3`],
])('the numbers of a delivery are read from an acknowledgement %s', (_, reply) => {
  const sent = message(reply)
  const acknowledgement = acknowledgementOf(sent)
  const delivered = new DeliveredMessage(sent, acknowledgement, numbersAt(acknowledgement))
  const { sequence, delivery, pending, subject, headers } = delivered
  expect({ sequence, delivery, time: delivered.time, pending, subject, headers }).toEqual({
    sequence: 4711,
    delivery: 17,
    time,
    pending: 12,
    subject: 's.es.01.cart.7',
    headers: 'NATS/1.0\r\na: b\r\n\r\n',
  })
  expect([Buffer.from(delivered.payload).toString(), delivered.text]).toEqual(['hello', 'hello'])
  expect(delivered.bytes).toBeGreaterThan(23)
})

test('a message of the server itself is not to be acknowledged', () => {
  expect(acknowledgementOf(message(undefined))).toHaveLength(0)
})

import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'
import { headers } from '@nats-io/transport-node'
import type { MsgHdrs } from '@nats-io/transport-node'

import type { Arena } from './arena.ts'

/** A message as our store sends it, for a yardstick that sends the same bytes. */
export interface CapturedMessage {
  readonly payload: Uint8Array
  /** All of its headers; the yardstick changes those that must differ. */
  readonly fields: MsgHdrs
}

const mint = createIdFactory()

/** Appends the events once and takes the message they became out of the stream. */
export async function capture(
  { store, ours, connection }: Arena,
  events: readonly NewEvent[],
): Promise<CapturedMessage> {
  const { position } = await store.append(createStreamId('captured', mint()), events, {
    expectedVersion: 'no-stream',
  })
  const request = JSON.stringify({ seq: position?.commit })
  const { message } = (await connection.request(`$JS.API.STREAM.MSG.GET.${ours}`, request)).json<{
    readonly message: { readonly data: string; readonly hdrs: string }
  }>()
  return { payload: Buffer.from(message.data, 'base64'), fields: parsed(message.hdrs) }
}

function parsed(block: string): MsgHdrs {
  const fields = headers()
  const lines = Buffer.from(block, 'base64').toString('latin1').split('\r\n').slice(1).filter(Boolean)
  for (const line of lines)
    fields.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  return fields
}

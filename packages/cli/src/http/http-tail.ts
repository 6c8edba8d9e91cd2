import { setTimeout as delay } from 'node:timers/promises'

import type { EventView, TailQuery } from '@millrace/app'
import { LogReplacedError, parsePosition } from '@millrace/contracts'

import type { ApiClient } from './api-client.ts'
import { readEventStream } from './event-stream.ts'
import type { StreamMessage } from './event-stream.ts'
import { Silence } from './silence.ts'

const reconnectMs = 250

/** A connection that breaks or falls silent has ended like any other. */
async function* untilBroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks
  } catch {
    // The caller connects again; if nobody is there any more, that fails with the reason.
  }
}

async function* connect(
  client: ApiClient,
  query: TailQuery,
  after: string | undefined,
): AsyncGenerator<StreamMessage, void, undefined> {
  const { types, categories, raw, signal } = query
  using silence = new Silence(client.timeoutMs)
  const response = await client.send({
    path: '/api/live',
    query: { after, type: types, category: categories, raw },
    headers: { accept: 'text/event-stream' },
    signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
  })
  if (response.body !== null) yield* readEventStream(untilBroken(silence.watch(response.body)))
}

function refuseReset(asked: string | undefined, { data }: StreamMessage): never {
  const { position } = JSON.parse(data) as { readonly position: string }
  const expected = asked === undefined ? 'unknown' : parsePosition(asked).generation
  throw new LogReplacedError({ expected, actual: parsePosition(position).generation })
}

/** A server that ends every stream at once must not be asked without a break. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(reconnectMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}

/**
 * Events from a server's live stream. A connection that breaks or falls silent is opened again where it ended; a server that is gone
 * is a {@link ConnectionError}.
 */
export async function* httpTail(
  client: ApiClient,
  query: TailQuery,
): AsyncGenerator<EventView, void, undefined> {
  const stopped = (): boolean => query.signal?.aborted === true
  let last = query.after
  while (!stopped()) {
    try {
      for await (const message of connect(client, query, last)) {
        if (message.event === 'reset') refuseReset(last, message)
        last = message.id ?? last
        if (message.event === 'event') yield JSON.parse(message.data) as EventView
      }
    } catch (error) {
      if (stopped()) return
      throw error
    }
    await pause(query.signal)
  }
}

import { setImmediate as turn } from 'node:timers/promises'

import type { EventView, Management } from '@millrace/app'
import { expect, test } from 'vitest'

import { LiveStreams } from './live-stream.ts'

/** A log in which nothing ever happens. */
const quiet = {
  head: () => Promise.resolve('g:0:0'),
  async *tail({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<EventView> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    yield* []
  },
} as unknown as Management

function open(): LiveStreams {
  return new LiveStreams(
    { management: quiet },
    {
      heartbeatMs: 60_000,
      stallMs: 60_000,
      bufferBytes: 1000,
      maxConnections: 1,
      onError: (error) => {
        throw error
      },
    },
  )
}

const request = (method: string): Request => new Request('http://localhost/api/live', { method })

test('a HEAD request takes no place among the streams', async () => {
  using streams = open()
  for (let count = 0; count < 3; count++) {
    const { status, headers, body } = await streams.connect(request('HEAD'))
    expect([status, headers.get('content-type'), body]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      null,
    ])
  }
  const { status } = await streams.connect(request('GET'))
  expect(status).toBe(200)
  await expect(streams.connect(request('GET'))).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
})

test('after its end no stream is opened, also for who asked before it', async () => {
  const streams = open()
  const asked = streams.connect(request('GET'))
  streams[Symbol.dispose]()
  await expect(asked).rejects.toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  await turn()
  await expect(streams.connect(request('GET'))).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
})

import { expect, test } from 'vitest'

import { messages } from './sse.ts'

function streamOf(...chunks: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk))
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of bytes) controller.enqueue(chunk)
      controller.close()
    },
  })
}

async function allOf(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const message of messages(stream)) all.push(message)
  return all
}

test('messages are found wherever the network cuts the stream', async () => {
  const bytes = new TextEncoder().encode(
    'event: event\nid: g:1:0\ndata: {"text":"Käfer"}\n\n: heartbeat\n\ndata: a\ndata: b\n\n',
  )
  const pieces = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
  expect(await allOf(streamOf(...pieces))).toEqual([
    { event: 'event', id: 'g:1:0', data: '{"text":"Käfer"}' },
    'heartbeat',
    { event: 'message', id: undefined, data: 'a\nb' },
  ])
})

test('what the end cuts off is no message', async () => {
  expect(await allOf(streamOf('data: whole\r\n\r\nda', 'ta: half'))).toEqual([
    { event: 'message', id: undefined, data: 'whole' },
  ])
})

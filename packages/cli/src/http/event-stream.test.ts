import { expect, test } from 'vitest'

import { readEventStream } from './event-stream.ts'
import type { StreamMessage } from './event-stream.ts'

async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

test('messages are found wherever the chunks end', async () => {
  const text = Buffer.from('event: event\nid: g:1:0\ndata: "ü"\n\n: heartbeat\n\ndata: 2\n\nevent: half')
  for (let cut = 0; cut <= text.length; cut++) {
    const stream = readEventStream(chunksOf(text.subarray(0, cut), text.subarray(cut)))
    const messages: StreamMessage[] = []
    for await (const message of stream) messages.push(message)
    expect(messages).toEqual([
      { event: 'event', id: 'g:1:0', data: '"ü"' },
      { event: 'message', id: undefined, data: '2' },
    ])
  }
})

/** One message of an event stream. */
export interface Message {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

function parseBlock(block: string): Message | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon)
    const value = line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    const before = fields.get(name)
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value)
  }
  const data = fields.get('data')
  return data === undefined
    ? undefined
    : { id: fields.get('id'), event: fields.get('event') ?? 'message', data }
}

/** Splits an event stream into messages (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export async function* messages(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Message | 'heartbeat', void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield parseBlock(block) ?? 'heartbeat'
    }
  } finally {
    await reader.cancel()
  }
}

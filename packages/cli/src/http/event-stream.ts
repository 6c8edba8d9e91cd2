/** One message of an event stream. */
export interface StreamMessage {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

function parseBlock(block: string): StreamMessage | undefined {
  const valueOf = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  const data = valueOf('data')
  return data === undefined ? undefined : { event: valueOf('event') ?? 'message', id: valueOf('id'), data }
}

/** The messages of an event stream as our server writes it: one line for each field. Comments are left out. */
export async function* readEventStream(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamMessage, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const message = parseBlock(block)
      if (message !== undefined) yield message
    }
  }
}

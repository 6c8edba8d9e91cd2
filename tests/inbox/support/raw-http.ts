import { connect } from 'node:net'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
  /** Bytes the server let us send before it answered or closed. */
  readonly sent: number
}

/** What is sent: a head, then as much of the body as the server takes. */
export interface RawRequest {
  readonly head: readonly string[]
  /** Pieces of the body as they go over the wire; may be endless. */
  readonly body?: Iterable<string | Uint8Array>
  readonly timeoutMs?: number
  /** Goes on sending whatever the server answers, until it closes the connection. */
  readonly ignoreAnswer?: boolean
}

function parse(text: string, sent: number): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1] ?? 0), head, body: rest.join('\r\n\r\n'), sent }
}

/**
 * Speaks HTTP/1.1 byte by byte, so that a test can say what no client would: lengths that are wrong, bodies without
 * end. Resolves when the server closes the connection or, with an answer in hand, goes silent.
 */
export async function rawRequest(
  url: string,
  { head, body = [], timeoutMs = 15_000, ignoreAnswer = false }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const socket = connect(Number(port), hostname)
  let answer = ''
  let sent = 0
  const finish = (): void => {
    socket.destroy()
    if (answer === '') reject(new Error(`closed without an answer after ${sent} bytes`))
    else resolve(parse(answer, sent))
  }
  const timer = setTimeout(() => {
    if (ignoreAnswer)
      reject(new Error(`the server has taken ${sent} bytes in ${timeoutMs} ms and is still open`))
    finish()
  }, timeoutMs)
  let quiet: NodeJS.Timeout | undefined
  socket.on('data', (chunk) => {
    answer += chunk.toString()
    clearTimeout(quiet)
    if (!ignoreAnswer) quiet = setTimeout(finish, 300)
  })
  socket.on('close', finish)
  // A server that has answered may reset what we still send; its answer is what counts.
  socket.on('error', () => undefined)
  const pieces = body[Symbol.iterator]()
  const pump = (): void => {
    for (;;) {
      const next = pieces.next()
      if (next.done === true || socket.destroyed || (answer !== '' && !ignoreAnswer)) return
      const value: string | Uint8Array = next.value
      sent += value.length
      if (!socket.write(value)) {
        socket.once('drain', pump)
        return
      }
    }
  }
  socket.on('connect', () => {
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    pump()
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    clearTimeout(quiet)
  }
}

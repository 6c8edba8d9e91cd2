import { refusal } from '@millrace/server'

/** The bytes of a body, or the news that there are more than allowed. */
export type BoundedBody =
  | { readonly kind: 'complete'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'interrupted' }

/**
 * Reads a body of at most `maxBytes`. A longer one is not read past the limit, whatever its content-length says; what
 * was read of it is dropped.
 */
export async function readBody(request: Request, maxBytes: number): Promise<BoundedBody> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes) return { kind: 'too-large' }
  if (request.body === null) return { kind: 'complete', bytes: new Uint8Array() }
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { kind: 'complete', bytes: Buffer.concat(chunks) }
      bytes += value.byteLength
      if (bytes > maxBytes) return { kind: 'too-large' }
      chunks.push(value)
    }
  } catch {
    // The client went away; there is nobody to answer.
    return { kind: 'interrupted' }
  } finally {
    reader.releaseLock()
  }
}

/**
 * Answers a body that was not read to its end. The rest is the server's to throw away: closing the connection on a
 * sender in full flow would lose the answer.
 */
export function refuseIncomplete(
  body: Exclude<BoundedBody, { kind: 'complete' }>,
  maxBytes: number,
): Response {
  if (body.kind === 'interrupted')
    return refusal(400, { code: 'ERR_BODY_INTERRUPTED', message: 'body: must be sent to its end' })
  const error = { code: 'ERR_PAYLOAD_TOO_LARGE', message: `body: must be at most ${maxBytes} bytes` }
  return refusal(413, error)
}

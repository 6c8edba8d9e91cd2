import { InvalidValueError, PayloadTooLargeError } from '@millrace/contracts'

import { BodyInterruptedError } from './request-error.ts'

type Reader = ReadableStreamDefaultReader<Uint8Array>

async function nextChunk(reader: Reader): Promise<Awaited<ReturnType<Reader['read']>>> {
  try {
    return await reader.read()
  } catch (cause) {
    throw new BodyInterruptedError('body: must be sent to its end', { cause })
  }
}

/**
 * The chunks of a body as they arrive. Who stops early leaves the rest to the server to throw away: closing the
 * connection on a sender in full flow would lose the answer.
 */
async function* chunksOf(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.body === null) return
  const reader: Reader = request.body.getReader()
  try {
    for (;;) {
      const { done, value } = await nextChunk(reader)
      if (done) return
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

/**
 * The body of a request. What is over the limit is refused by its declared length, or while it arrives, and never
 * held in memory.
 *
 * @throws {@link PayloadTooLargeError} {@link BodyInterruptedError}
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const refuse = (bytes: number): never => {
    throw new PayloadTooLargeError('the request body', { bytes, maxBytes })
  }
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) refuse(declared)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(request)) {
    size += chunk.byteLength
    if (size > maxBytes) refuse(size)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A JSON object from the body; `{}` for an empty one. @throws {@link InvalidValueError} {@link PayloadTooLargeError} */
export async function readJsonObject(
  request: Request,
  maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBody(request, maxBytes)
  if (bytes.byteLength === 0) return {}
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidValueError('body', 'a JSON object')
  return value as Readonly<Record<string, unknown>>
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new InvalidValueError('body', 'JSON in UTF-8', { cause })
  }
}

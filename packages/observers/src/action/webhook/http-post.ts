import { ActionError } from '@millrace/processing'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'

import { AddressRefusedError } from '../../network/network-guard.ts'
import type { NetworkGuard } from '../../network/network-guard.ts'
import { retryAfterMs } from '../../network/retry-after.ts'

/** One HTTP request of an action. */
export interface OutgoingRequest {
  readonly method: Dispatcher.HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** An answer, as much of it as is looked at. */
export interface HttpAnswer {
  readonly statusCode: number
  /** The beginning of the body as text. */
  readonly body: string
}

const maxAnswerBytes = 16_384
const maxAnswerMs = 1_000
const connectMs = 10_000

/** Thrown by look-ups and sockets, wrapped or not. */
function refusal(error: unknown): AddressRefusedError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof AddressRefusedError) return at
  return undefined
}

function failureOf(error: unknown): ActionError {
  const refused = refusal(error)
  if (refused !== undefined) return new ActionError(refused.message, { kind: 'permanent', cause: refused })
  return ActionError.fromNetwork(error)
}

/** Posts to public addresses and those allowed by name; redirects are answers, and of an answer a little is read. */
export class HttpPoster implements AsyncDisposable {
  readonly #guard: NetworkGuard
  readonly #agent: Agent

  constructor(guard: NetworkGuard) {
    this.#guard = guard
    this.#agent = new Agent({
      connect: { lookup: guard.lookup, timeout: connectMs },
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16_384,
      pipelining: 1,
    })
  }

  /**
   * Makes one request and judges its status.
   * @throws {@link ActionError} for a status other than 2xx, an address that is refused and everything the network does
   */
  async post(outgoing: OutgoingRequest): Promise<HttpAnswer> {
    const answer = await this.#send(outgoing)
    const { statusCode, headers } = answer
    const body = await beginningOf(answer.body)
    if (statusCode >= 200 && statusCode < 300) return { statusCode, body }
    const header = headers['retry-after']
    const asked = retryAfterMs(Array.isArray(header) ? header[0] : header, Date.now())
    throw ActionError.fromStatus(statusCode, asked)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  async #send({ url, method, headers, body, signal }: OutgoingRequest): Promise<Dispatcher.ResponseData> {
    try {
      this.#guard.checkHost(new URL(url).hostname)
      // The time-outs are the action's own, by its signal.
      const options = {
        method,
        headers,
        body,
        signal,
        dispatcher: this.#agent,
        headersTimeout: 0,
        bodyTimeout: 0,
      }
      return await request(url, options)
    } catch (error) {
      throw failureOf(error)
    }
  }
}

/** The status has said what there is to know: what the rest of the answer is worth must not change it. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  const tooLong = setTimeout(() => body.destroy(), maxAnswerMs)
  try {
    for await (const chunk of body) {
      const part = Buffer.from(chunk as Uint8Array)
      chunks.push(part)
      bytes += part.byteLength
      if (bytes > maxAnswerBytes) break
    }
  } catch {
    // Broken off or cut off; see above.
  } finally {
    clearTimeout(tooLong)
    body.destroy()
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8')
}

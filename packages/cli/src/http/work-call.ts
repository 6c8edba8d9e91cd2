import type { Work } from '@millrace/app'
import { ConnectionError } from '@millrace/contracts'

import type { ApiClient, ApiRequest } from './api-client.ts'
import { RemoteError } from './remote-error.ts'
import { Silence } from './silence.ts'

/** A line of the server's answer to work that takes its time. */
interface WorkLine {
  readonly progress?: { readonly events: number; readonly total: number }
  readonly result?: unknown
  readonly status?: number
  readonly error?: { readonly code?: string; readonly message?: string }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<WorkLine, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as WorkLine
  }
}

/**
 * Has a server do work that takes its time, and tells of its progress.
 * @throws {@link RemoteError} {@link ConnectionError}; the signal's reason
 */
async function workOf(
  client: ApiClient,
  request: ApiRequest,
  { onProgress, signal }: Work,
): Promise<unknown> {
  using silence = new Silence(client.timeoutMs)
  const response = await client.send({
    ...request,
    headers: { accept: 'application/x-ndjson' },
    signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
  })
  for await (const line of linesOf(silence.watch(response.body ?? new ReadableStream()))) {
    const { progress, status, error } = line
    if (progress !== undefined) onProgress?.(progress)
    if (status !== undefined) throw new RemoteError({ status, ...error })
    if ('result' in line) return line.result
  }
  throw new ConnectionError('the connection was lost before the work was done; run the same command again')
}

/** The result of such work; undefined where the thing does not exist. */
export async function callWork<Answer>(
  client: ApiClient,
  request: ApiRequest,
  work: Work = {},
): Promise<Answer | undefined> {
  try {
    return (await workOf(client, request, work)) as Answer
  } catch (error) {
    if (error instanceof RemoteError && error.status === 404) return undefined
    throw error
  }
}

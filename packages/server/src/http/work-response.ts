import type { Work } from '@millrace/app'

import { errorResponse, jsonResponse } from './error-response.ts'
import { NotFoundError } from './request-error.ts'

/** One line for each message; the type of such an answer. */
const linesType = 'application/x-ndjson'

/** So often at most progress is told. */
const everyMs = 200
/** An empty line so often, so that silence means that nobody is there. */
const heartbeatMs = 15_000

type Line =
  | { readonly progress: { readonly events: number; readonly total: number } }
  | { readonly result: unknown }
  | { readonly status: number; readonly error: unknown }

async function refusalLine(error: unknown): Promise<Line> {
  const response = errorResponse(error)
  // The client gets no details of such a failure: it must be seen by somebody.
  if (response.status === 500)
    process.emitWarning(error instanceof Error ? error : String(error), { code: 'MILLRACE_WORK' })
  const { error: body } = (await response.json()) as { readonly error: unknown }
  return { status: response.status, error: body }
}

/** What a client without patience for silence gets: progress line by line, and the result or the refusal as the last. */
function lines(work: (work: Work) => Promise<unknown>): Response {
  const stop = new AbortController()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const send = (text: string): void => {
        if (!stop.signal.aborted) controller.enqueue(encoder.encode(`${text}\n`))
      }
      const write = (line: Line): void => send(JSON.stringify(line))
      const heartbeat = setInterval(send, heartbeatMs, '')
      let last = 0
      const onProgress: NonNullable<Work['onProgress']> = (progress) => {
        if (performance.now() - last < everyMs) return
        last = performance.now()
        write({ progress })
      }
      try {
        write({ result: await work({ onProgress, signal: stop.signal }) })
      } catch (error) {
        write(await refusalLine(error))
      } finally {
        clearInterval(heartbeat)
      }
      if (!stop.signal.aborted) controller.close()
    },
    // Whoever asked has gone: the work stops at its next step.
    cancel: () => stop.abort(),
  })
  return new Response(body, { headers: { 'content-type': linesType, 'cache-control': 'no-store' } })
}

/** Answers with the result of long work, or with its progress too where the client takes lines. `what` is missing where it is undefined. */
export async function workResponse(
  request: Request,
  what: string,
  work: (work: Work) => Promise<unknown>,
): Promise<Response> {
  const found = async (options: Work): Promise<unknown> => {
    const result = await work(options)
    if (result === undefined) throw new NotFoundError(`${what} does not exist`)
    return result
  }
  const takesLines = request.headers.get('accept')?.includes(linesType) === true
  return takesLines ? lines(found) : jsonResponse(await found({ signal: request.signal }))
}

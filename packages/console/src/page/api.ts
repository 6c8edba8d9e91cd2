const tokenKey = 'millrace-token'

/** The server refused, or could not be reached (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Kept for this tab only, and only in the browser. */
export function setToken(token: string): void {
  sessionStorage.setItem(tokenKey, token)
}

function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(tokenKey)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

async function messageOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: { message?: string } }
    if (typeof body.error?.message === 'string') return body.error.message
  } catch {
    // Not JSON: then the status says all there is.
  }
  return `the server answered ${response.status}`
}

interface SendOptions {
  readonly method?: 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

async function send(path: string, options: SendOptions): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...options, headers: { ...authorization(), ...options.headers } })
  } catch {
    if (options.signal?.aborted === true) throw new ApiError(0, 'stopped')
    throw new ApiError(0, 'the server cannot be reached')
  }
  if (response.ok) return response
  throw new ApiError(response.status, await messageOf(response))
}

export type Query = Readonly<Record<string, string | number | undefined>>

export function pathWith(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

export async function get<Answer>(path: string, query: Query = {}): Promise<Answer> {
  const response = await send(pathWith(path, query), { headers: { accept: 'application/json' } })
  return (await response.json()) as Answer
}

export async function act<Answer>(method: 'POST' | 'DELETE', path: string): Promise<Answer | undefined> {
  const response = await send(path, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
  })
  const text = await response.text()
  return text === '' ? undefined : (JSON.parse(text) as Answer)
}

/** The bytes of an event stream. `EventSource` cannot send a token; `fetch` can. */
export async function openStream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await send(path, { signal, headers: { accept: 'text/event-stream' } })
  if (response.body === null) throw new ApiError(0, 'the server sent no stream')
  return response.body
}

import { ConnectionError } from '@millrace/contracts'

import { RemoteError } from './remote-error.ts'

/** Where the management API is, and how to be let in. */
export interface ApiOptions {
  readonly url: string
  readonly token: string | undefined
  /** Milliseconds an answer may take, and a live stream may be silent. @defaultValue 60_000 */
  readonly timeoutMs?: number
}

/** Query parameters; what is undefined is left out. */
export type ApiQuery = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** One request. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: ApiQuery
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Milliseconds more than others that this answer may take. @defaultValue 0 */
  readonly moreMs?: number
}

const defaultTimeoutMs = 60_000

function addressOf(base: string, path: string, query: ApiQuery): URL {
  const url = new URL(path, base)
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) url.searchParams.append(name, String(one))
  return url
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

async function toRemoteError(response: Response): Promise<RemoteError> {
  const { status } = response
  try {
    const { error } = (await response.json()) as {
      readonly error?: { readonly code?: unknown; readonly message?: unknown }
    }
    const code = textOf(error?.code)
    const message = textOf(error?.message)
    return new RemoteError({
      status,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    })
  } catch (cause) {
    return new RemoteError({ status, message: `the server answered ${status} without saying why` }, { cause })
  }
}

/** What the system said: the innermost cause; of several addresses tried, the first. */
function reasonOf(error: unknown): string {
  const inner: unknown =
    error instanceof AggregateError ? error.errors[0] : error instanceof Error ? error.cause : undefined
  if (inner instanceof Error) return reasonOf(inner)
  return error instanceof Error ? error.message : String(error)
}

/** Sends requests to one server. */
export class ApiClient {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultTimeoutMs
  }

  /** The answer, whatever it holds and however long it takes. @throws {@link ConnectionError} {@link RemoteError} */
  async send(request: ApiRequest): Promise<Response> {
    const { url, token } = this.#options
    const { method = 'GET', path, query = {}, body, signal } = request
    const init: RequestInit = {
      method,
      redirect: 'error',
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }
    const response = await this.#fetch(addressOf(url, path, query), init)
    if (!response.ok) throw await toRemoteError(response)
    return response
  }

  /** The answer's JSON. @throws {@link ConnectionError} {@link RemoteError} */
  async json<Answer>(request: ApiRequest): Promise<Answer> {
    const signal = AbortSignal.timeout(this.timeoutMs + (request.moreMs ?? 0))
    const response = await this.send({ ...request, signal })
    try {
      return (await response.json()) as Answer
    } catch (cause) {
      if (signal.aborted) throw this.#tooLate(cause)
      throw new ConnectionError(`${this.#options.url} did not answer with JSON; is it a Millrace server?`, {
        cause,
      })
    }
  }

  /** Like {@link ApiClient.json}; undefined where the thing does not exist. */
  async jsonIfFound<Answer>(request: ApiRequest): Promise<Answer | undefined> {
    try {
      return await this.json<Answer>(request)
    } catch (error) {
      if (error instanceof RemoteError && error.status === 404) return undefined
      throw error
    }
  }

  #tooLate(cause: unknown): ConnectionError {
    return new ConnectionError(`${this.#options.url} did not answer in time`, { cause })
  }

  async #fetch(address: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(address, init)
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'TimeoutError') throw this.#tooLate(cause)
      if (init.signal?.aborted === true) throw cause
      throw new ConnectionError(`${this.#options.url} cannot be reached: ${reasonOf(cause)}`, { cause })
    }
  }
}

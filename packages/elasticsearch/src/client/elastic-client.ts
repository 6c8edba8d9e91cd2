import { Client } from '@elastic/elasticsearch'
import type { ClientOptions } from '@elastic/elasticsearch'
import { ConfigurationError } from '@millrace/contracts'

import { mapRefusal, withoutRequest } from './elastic-errors.ts'

/** Where Elasticsearch is, and how it is asked. */
export interface ElasticConnection {
  /** One node or several, like `https://search.example.org:9200`; no user in it. */
  readonly node: string | readonly string[]
  /** @defaultValue none */
  readonly auth?: { readonly username: string; readonly password: string } | { readonly apiKey: string }
  /** PEM text of the authority that signed the server's certificate. @defaultValue those of Node */
  readonly ca?: string
  /** Milliseconds a request may take. 1 to 600_000. @defaultValue 30_000 */
  readonly requestTimeoutMs?: number
}

function checkNode(node: string): URL {
  if (!URL.canParse(node) || !/^https?:$/.test(new URL(node).protocol))
    throw new ConfigurationError('elasticsearch.node', 'must be an http or https URL')
  const url = new URL(node)
  if (url.username !== '' || url.password !== '')
    throw new ConfigurationError('elasticsearch.node', 'must not hold a user or password: use auth')
  return url
}

/** A client whose errors are ours. */
export class ElasticClient implements AsyncDisposable {
  readonly #client: Client
  /** Names the server in errors. */
  readonly target: string

  /** @throws {@link ConfigurationError} naming the setting */
  constructor({ node, auth, ca, requestTimeoutMs = 30_000 }: ElasticConnection) {
    const nodes = (typeof node === 'string' ? [node] : node).map(checkNode)
    if (nodes.length === 0) throw new ConfigurationError('elasticsearch.node', 'must be at least one URL')
    if (!(requestTimeoutMs >= 1 && requestTimeoutMs <= 600_000))
      throw new ConfigurationError('elasticsearch.requestTimeoutMs', 'must be milliseconds from 1 to 600000')
    this.target = `elasticsearch at ${nodes.map(({ host }) => host).join(', ')}`
    const options: ClientOptions = {
      nodes: nodes.map(({ href }) => href),
      requestTimeout: requestTimeoutMs,
      // Who calls knows what may be repeated, and how long it is worth waiting.
      maxRetries: 0,
      ...(auth === undefined ? {} : { auth }),
      ...(ca === undefined ? {} : { tls: { ca } }),
    }
    this.#client = new Client(options)
  }

  /** Asks the server. @throws {@link ConnectionError} where it is away or too busy; other refusals as they are */
  async ask<Answer>(request: (client: Client) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.askPlainly(request)
    } catch (error) {
      throw mapRefusal(error)
    }
  }

  /** Asks the server; a server that is too busy is a refusal like others. */
  async askPlainly<Answer>(request: (client: Client) => Promise<Answer>): Promise<Answer> {
    try {
      return await request(this.#client)
    } catch (error) {
      throw withoutRequest(error, this.target)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close()
  }
}

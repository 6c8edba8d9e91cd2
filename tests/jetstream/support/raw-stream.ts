import { connect, headers } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'

import type { StoreTarget } from './store-target.ts'

/** What JetStream tells of a stream, as far as tests look at it. */
export interface StreamState {
  readonly config: Readonly<Record<string, unknown>>
  readonly state: { readonly messages: number; readonly last_seq: number; readonly consumer_count: number }
}

/** A message as it lies in the stream. */
export interface RawMessage {
  readonly subject: string
  readonly seq: number
  /** Base64. */
  readonly data?: string
  /** Base64. */
  readonly hdrs?: string
}

interface Answer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
}

/** JetStream refused what a test asked for. */
class RawRefusal extends Error {
  override readonly name = 'RawRefusal'
  readonly code: number

  constructor({ err_code: code, description }: NonNullable<Answer['error']>) {
    super(`${description} (${code})`)
    this.code = code
  }
}

/** The stream of a store, looked at and tampered with past the store, over a connection of its own. */
export class RawStream implements AsyncDisposable {
  readonly name: string
  readonly connection: NatsConnection

  constructor(connection: NatsConnection, name: string) {
    this.connection = connection
    this.name = name
  }

  static async open({ servers, name }: Pick<StoreTarget, 'servers' | 'name'>): Promise<RawStream> {
    return new RawStream(await connect({ servers: [...servers], maxReconnectAttempts: -1 }), name)
  }

  async api<T extends object>(verb: string, body: object = {}): Promise<T> {
    const reply = await this.connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 5000 })
    return checked(reply.json<T>())
  }

  async info(): Promise<StreamState> {
    return await this.api(`STREAM.INFO.${this.name}`)
  }

  /** Changes settings of the stream by hand. */
  async update(changes: object): Promise<void> {
    const { config } = await this.info()
    await this.api(`STREAM.UPDATE.${this.name}`, { ...config, ...changes })
  }

  /** The newest message on a subject, by the leader; undefined where there is none. */
  async lastOn(subject: string): Promise<RawMessage | undefined> {
    return await this.#message({ last_by_subj: subject })
  }

  async at(seq: number): Promise<RawMessage | undefined> {
    return await this.#message({ seq })
  }

  async deleteMessage(seq: number): Promise<void> {
    await this.api(`STREAM.MSG.DELETE.${this.name}`, { seq })
  }

  /** Publishes past the store; returns the message's sequence. */
  async publish(
    subject: string,
    data: string | Uint8Array,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const reply = await this.connection.request(subject, data, { timeout: 5000, headers: headersOf(fields) })
    return checked(reply.json<{ readonly seq: number }>()).seq
  }

  /** The first message of an atomic batch, which stays open until {@link closeBatch}. */
  async openBatch(subject: string, id: string): Promise<void> {
    const fields = { 'Nats-Batch-Id': id, 'Nats-Batch-Sequence': '1' }
    const reply = await this.connection.request(subject, 'open', {
      timeout: 5000,
      headers: headersOf(fields),
    })
    if (reply.data.length > 0) checked(reply.json<object>())
  }

  async closeBatch(subject: string, id: string): Promise<void> {
    await this.publish(subject, 'closed', {
      'Nats-Batch-Id': id,
      'Nats-Batch-Sequence': '2',
      'Nats-Batch-Commit': '1',
    })
  }

  async consumerNames(): Promise<readonly string[]> {
    const { consumers } = await this.api<{ readonly consumers?: readonly string[] | null }>(
      `CONSUMER.NAMES.${this.name}`,
    )
    return consumers ?? []
  }

  async #message(request: object): Promise<RawMessage | undefined> {
    try {
      const { message } = await this.api<{ readonly message: RawMessage }>(
        `STREAM.MSG.GET.${this.name}`,
        request,
      )
      return message
    } catch (error) {
      if (error instanceof RawRefusal && error.code === 10_037) return undefined
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close()
  }
}

function checked<T extends object>(answer: T): T {
  const { error } = answer as Answer
  if (error !== undefined) throw new RawRefusal(error)
  return answer
}

function headersOf(fields: Readonly<Record<string, string>>): ReturnType<typeof headers> {
  const all = headers()
  for (const [name, value] of Object.entries(fields)) all.set(name, value)
  return all
}

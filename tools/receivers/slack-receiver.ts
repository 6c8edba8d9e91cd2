import { HttpReceiver } from './http-receiver.ts'
import type { Behaviour, ReceivedRequest } from './http-receiver.ts'

/** A message as a channel would show it. */
export interface SlackMessage {
  readonly text: string
  readonly blocks?: readonly unknown[]
}

/** As Slack answers an incoming webhook: `ok`, or what is wrong in plain words. */
function answer({ method, body }: ReceivedRequest): Behaviour {
  const refused = (status: number, text: string): Behaviour => ({ kind: 'answer', status, body: text })
  if (method !== 'POST') return refused(400, 'invalid_payload')
  try {
    const message = JSON.parse(body) as Partial<SlackMessage>
    if (typeof message.text !== 'string' || message.text === '') return refused(400, 'no_text')
    if (message.blocks !== undefined && !Array.isArray(message.blocks)) return refused(400, 'invalid_blocks')
    return refused(200, 'ok')
  } catch {
    return refused(400, 'invalid_payload')
  }
}

/** An endpoint of the shape of Slack's incoming webhooks; fails on demand as an {@link HttpReceiver} does. */
export class SlackReceiver implements AsyncDisposable {
  readonly http: HttpReceiver

  private constructor(http: HttpReceiver) {
    this.http = http
    http.behave(answer)
  }

  static async open(): Promise<SlackReceiver> {
    return new SlackReceiver(await HttpReceiver.open())
  }

  /** A secret in real life: who knows it can post. */
  get webhookUrl(): string {
    return `${this.http.url}/services/T000/B000/s3cr3t-t0ken`
  }

  get messages(): readonly SlackMessage[] {
    return this.http.requests.map(({ body }) => JSON.parse(body) as SlackMessage)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]()
  }
}

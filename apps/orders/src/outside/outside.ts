import { randomBytes } from 'node:crypto'

import { Webhook } from 'standardwebhooks'

import { HttpDesk } from './http-desk.ts'
import type { Reception } from './http-desk.ts'
import { MailDesk } from './mail-desk.ts'
import type { Letter } from './mail-desk.ts'

/** Something that reached the world outside. */
export type Arrival = {
  /** The idempotency key it came with: the same for each try of one delivery. */
  readonly key: string
  readonly text: string
} & ({ readonly kind: 'webhook' | 'message' } | { readonly kind: 'e-mail'; readonly to: string })

/** How often something about an order arrived. */
export interface Arrivals {
  readonly webhooks: number
  readonly emails: number
  readonly messages: number
}

/** The e-mail as people read it: long lines of headers and of quoted-printable put together again. */
function readable({ source }: Letter): string {
  const bytes = source
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/**
 * A warehouse, a mail server and a channel of Slack, all on this machine: a fresh clone has where its webhooks go. What it
 * gets is kept, and the warehouse can be closed.
 */
export class Outside implements AsyncDisposable {
  readonly #arrivals: Arrival[] = []
  readonly #secret = `whsec_${randomBytes(32).toString('base64')}`
  readonly #resources = new AsyncDisposableStack()
  #urls: { readonly http: string; readonly mail: string } = { http: '', mail: '' }
  #isClosed = false

  private constructor() {}

  static async open(): Promise<Outside> {
    const outside = new Outside()
    const http = await HttpDesk.open({ '/warehouse': outside.#warehouse, '/slack': outside.#slack })
    outside.#resources.use(http)
    const mail = await MailDesk.open((letter) => {
      const text = readable(letter)
      const [, key = ''] = /^X-Idempotency-Key: (\S+)$/m.exec(text) ?? []
      for (const to of letter.to) outside.#arrivals.push({ kind: 'e-mail', to, key, text })
    })
    outside.#resources.use(mail)
    outside.#urls = { http: http.url, mail: mail.url }
    return outside
  }

  /** What an environment says of it. */
  get env(): Readonly<Record<string, string>> {
    const { http, mail } = this.#urls
    return {
      ORDERS_WEBHOOK_URL: `${http}/warehouse`,
      ORDERS_WEBHOOK_SECRET: this.#secret,
      ORDERS_SLACK_URL: `${http}/slack`,
      ORDERS_SMTP_URL: mail,
    }
  }

  /** Oldest first. */
  get arrivals(): readonly Arrival[] {
    return this.#arrivals
  }

  /** The warehouse answers 503 from now on, or takes webhooks again. */
  close(isClosed: boolean): void {
    this.#isClosed = isClosed
  }

  /** What arrived with a text, for example an order's id. */
  about(text: string): Arrivals {
    const count = (kind: Arrival['kind']): number =>
      this.#arrivals.filter((each) => each.kind === kind && each.text.includes(text)).length
    return { webhooks: count('webhook'), emails: count('e-mail'), messages: count('message') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }

  readonly #warehouse: Reception = ({ body, headers }) => {
    if (this.#isClosed) return { status: 503, text: 'closed' }
    try {
      new Webhook(this.#secret).verify(body, headers)
    } catch {
      return { status: 401, text: 'not signed by us' }
    }
    this.#arrivals.push({ kind: 'webhook', key: headers['webhook-id'] ?? '', text: body })
    return { status: 200, text: 'ok' }
  }

  readonly #slack: Reception = ({ body, headers }) => {
    try {
      const { text } = JSON.parse(body) as { readonly text?: unknown }
      if (typeof text !== 'string' || text === '') return { status: 400, text: 'no_text' }
      this.#arrivals.push({ kind: 'message', key: headers['idempotency-key'] ?? '', text })
      return { status: 200, text: 'ok' }
    } catch {
      return { status: 400, text: 'invalid_payload' }
    }
  }
}

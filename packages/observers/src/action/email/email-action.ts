import { ActionError } from '@millrace/processing'
import { createTransport } from 'nodemailer'

import type { Secrets } from '../../secret/secrets.ts'
import type { Template } from '../../template/compile-template.ts'
import { defineActionKind } from '../action-kind.ts'
import type { AnyActionKind, PreparedAction } from '../action-kind.ts'
import type { ActionSettings } from '../action-settings.ts'
import { parseAddresses } from './addresses.ts'
import { smtpFailure } from './smtp-failure.ts'
import type { SmtpOptions } from './smtp-options.ts'

/** The settings of an e-mail. */
export interface EmailSettings {
  /** Addresses, several with commas between them. */
  readonly to: string
  readonly cc?: string
  readonly replyTo?: string
  readonly subject: string
  /** At least one of `text` and `html`. */
  readonly text?: string
  readonly html?: string
}

interface RenderedEmail {
  readonly to: string
  readonly cc?: string
  readonly replyTo?: string
  readonly subject: string
  readonly text?: string
  readonly html?: string
}

const addressSettings = ['to', 'cc', 'replyTo'] as const

function readTemplates(settings: ActionSettings): Readonly<Record<string, Template>> {
  const templates = {
    to: settings.template('to', 'address'),
    cc: settings.template('cc', 'address'),
    replyTo: settings.template('replyTo', 'address'),
    subject: settings.template('subject', 'subject'),
    text: settings.template('text', 'text'),
    html: settings.template('html', 'html'),
  }
  if (templates.text === undefined && templates.html === undefined && settings.value('html') === undefined)
    settings.problem('text', 'is missing: an e-mail needs text or html')
  for (const name of addressSettings) {
    const template = templates[name]
    if (template?.isFixed === true && parseAddresses(template.start) === undefined)
      settings.problem(name, 'must be addresses with commas between them')
  }
  const given = Object.entries(templates).flatMap(([name, template]) =>
    template === undefined ? [] : [[name, template] as const],
  )
  return Object.fromEntries(given)
}

/** Addresses as values gave them: a name in one must not smuggle in another. */
function addressesOf(name: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const addresses = parseAddresses(text)
  if (addresses === undefined) throw new ActionError(`${name}: is no e-mail address`, { kind: 'permanent' })
  return [...addresses]
}

class Mailer implements Disposable {
  readonly #options: SmtpOptions
  readonly #secrets: Secrets
  #transport:
    | { readonly password: string | undefined; readonly mailer: ReturnType<typeof createTransport> }
    | undefined

  constructor(options: SmtpOptions, secrets: Secrets) {
    this.#options = options
    this.#secrets = secrets
  }

  get destination(): string {
    return `${this.#options.host}:${this.#port}`
  }

  async send(email: RenderedEmail, id: string, signal: AbortSignal): Promise<void> {
    const { to, cc, replyTo, ...content } = email
    const copies = addressesOf('cc', cc)
    const answers = addressesOf('replyTo', replyTo)
    const message = {
      ...content,
      from: this.#options.from,
      to: addressesOf('to', to) ?? [],
      ...(copies === undefined ? {} : { cc: copies }),
      ...(answers === undefined ? {} : { replyTo: answers }),
      // Whoever receives a repeat of an attempt sees that it is the same message.
      messageId: `<${encodeURIComponent(id)}@millrace>`,
      headers: { 'X-Idempotency-Key': id },
      disableFileAccess: true,
      disableUrlAccess: true,
      // Without it one that was given up stays in the pool's queue, and is sent beside its next attempt.
      signal,
    }
    signal.throwIfAborted()
    try {
      const { rejected } = (await this.#mailer().sendMail(message)) as {
        readonly rejected: readonly unknown[]
      }
      // Another try would reach the others twice.
      if (rejected.length > 0)
        throw new ActionError(`${rejected.length} of its addresses were refused`, { kind: 'permanent' })
    } catch (error) {
      throw smtpFailure(error)
    }
  }

  [Symbol.dispose](): void {
    this.#transport?.mailer.close()
  }

  get #port(): number {
    const { port, tls = 'starttls' } = this.#options
    return port ?? (tls === 'implicit' ? 465 : 587)
  }

  /** A new one where the password was replaced. */
  #mailer(): ReturnType<typeof createTransport> {
    const { user, passwordFrom } = this.#options
    const password = passwordFrom === undefined ? undefined : this.#secrets.get(passwordFrom)
    if (this.#transport !== undefined && this.#transport.password === password) return this.#transport.mailer
    if (passwordFrom !== undefined && password === undefined)
      throw new ActionError(`the secret ${passwordFrom} is not there`, { kind: 'transient' })
    this.#transport?.mailer.close()
    const mailer = this.#create(user === undefined ? undefined : { user, pass: password ?? '' })
    this.#transport = { password, mailer }
    return mailer
  }

  #create(
    auth: { readonly user: string; readonly pass: string } | undefined,
  ): ReturnType<typeof createTransport> {
    const { host, tls = 'starttls', ca, connections = 5, timeoutMs = 10_000 } = this.#options
    return createTransport({
      pool: true,
      maxConnections: connections,
      host,
      port: this.#port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      ...(ca === undefined ? {} : { tls: { ca } }),
      ...(auth === undefined ? {} : { auth }),
    })
  }
}

/** E-mails, by SMTP with TLS. */
export function emailKind(
  options: SmtpOptions,
  secrets: Secrets,
): { readonly kind: AnyActionKind } & Disposable {
  const mailer = new Mailer(options, secrets)
  const kind = defineActionKind<RenderedEmail>({
    kind: 'email',
    prepare: (settings): PreparedAction<RenderedEmail> => {
      settings.required('to')
      settings.required('subject')
      const templates = readTemplates(settings)
      return {
        destination: mailer.destination,
        render: (values) => {
          const rendered = Object.entries(templates).map(([name, template]) => [
            name,
            template.render(values),
          ])
          return Object.fromEntries(rendered) as RenderedEmail
        },
        send: async (email, { idempotencyKey, signal }) => await mailer.send(email, idempotencyKey, signal),
      }
    },
  })
  return { kind, [Symbol.dispose]: () => mailer[Symbol.dispose]() }
}

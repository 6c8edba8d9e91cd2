import type { AddressInfo } from 'node:net'

import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'

/** An e-mail as it came in. */
export interface ReceivedEmail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body as sent. */
  readonly source: string
  readonly secure: boolean
  readonly user: string | undefined
}

/** Settings of {@link SmtpReceiver.open}. */
export interface SmtpReceiverOptions {
  /** PEM; with them STARTTLS is offered. @defaultValue no TLS */
  readonly key?: string
  readonly cert?: string
  /** The one user who may send. @defaultValue anybody may */
  readonly user?: { readonly name: string; readonly password: string }
}

/** How a mail server answers a message: `ok`, a code of its own, or not at all. */
export type SmtpBehaviour = 'ok' | 'hang' | { readonly code: number; readonly text: string }

function failure({ code, text }: { readonly code: number; readonly text: string }): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

/** A mail server that keeps what it gets, and fails on demand. */
export class SmtpReceiver implements AsyncDisposable {
  readonly emails: ReceivedEmail[] = []
  readonly #server: SMTPServer
  #behaviour: SmtpBehaviour = 'ok'
  #connections = 0
  #mostConnections = 0

  private constructor(options: SmtpReceiverOptions) {
    this.#server = new SMTPServer(this.#settings(options))
    // A client that breaks off is told here as well; nobody waits for it.
    this.#server.on('error', () => undefined)
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(options: SmtpReceiverOptions = {}): Promise<SmtpReceiver> {
    const receiver = new SmtpReceiver(options)
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', () => resolve()))
    return receiver
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  /** The most connections that were open at once. */
  get mostConnections(): number {
    return this.#mostConnections
  }

  /** How it answers every message from now on. */
  behave(behaviour: SmtpBehaviour): void {
    this.#behaviour = behaviour
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #settings({ key, cert, user }: SmtpReceiverOptions): SMTPServerOptions {
    const hasTls = key !== undefined && cert !== undefined
    return {
      ...(hasTls ? { key, cert } : { hideSTARTTLS: true }),
      authOptional: user === undefined,
      disabledCommands: user === undefined ? ['AUTH'] : [],
      closeTimeout: 100,
      logger: false,
      onConnect: (_session, done) => {
        this.#mostConnections = Math.max(this.#mostConnections, ++this.#connections)
        done()
      },
      onClose: () => {
        this.#connections--
      },
      onAuth: (auth, _session, done) => {
        if (auth.username === user?.name && auth.password === user?.password)
          return done(null, { user: auth.username })
        done(failure({ code: 535, text: 'wrong user or password' }))
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          if (this.#behaviour === 'hang') return
          if (this.#behaviour !== 'ok') return done(failure(this.#behaviour))
          const { mailFrom, rcptTo } = session.envelope
          this.emails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            source: Buffer.concat(chunks).toString('utf8'),
            secure: session.secure,
            user: typeof session.user === 'string' ? session.user : undefined,
          })
          done()
        })
      },
    }
  }
}

import type { AddressInfo } from 'node:net'

import { SMTPServer } from 'smtp-server'

/** An e-mail as it came in, headers and body as sent. */
export interface Letter {
  readonly to: readonly string[]
  readonly source: string
}

/** A mail server on this machine that keeps what it gets. */
export class MailDesk implements AsyncDisposable {
  readonly #server: SMTPServer

  private constructor(onLetter: (letter: Letter) => void) {
    this.#server = new SMTPServer({
      hideSTARTTLS: true,
      authOptional: true,
      disabledCommands: ['AUTH'],
      closeTimeout: 100,
      logger: false,
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', done)
        stream.on('end', () => {
          const to = envelope.rcptTo.map(({ address }) => address)
          onLetter({ to, source: Buffer.concat(chunks).toString('utf8') })
          done()
        })
      },
    })
    // Told of clients that break off; nobody waits for them.
    this.#server.on('error', () => undefined)
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(onLetter: (letter: Letter) => void): Promise<MailDesk> {
    const desk = new MailDesk(onLetter)
    await new Promise<void>((resolve) => desk.#server.listen(0, '127.0.0.1', () => resolve()))
    return desk
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

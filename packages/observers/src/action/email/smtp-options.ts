/** The mail server that takes e-mails. */
export interface SmtpOptions {
  readonly host: string
  /** @defaultValue 587, with `tls: 'implicit'` 465 */
  readonly port?: number
  /** `'starttls'` goes no further without; `'none'` is for a server on this machine. @defaultValue `'starttls'` */
  readonly tls?: 'starttls' | 'implicit' | 'none'
  /** Certificates to trust, PEM. @defaultValue those of the system */
  readonly ca?: string
  /** The sender of every e-mail. */
  readonly from: string
  /** @defaultValue no authentication */
  readonly user?: string
  /** The name of the secret that holds the user's password. */
  readonly passwordFrom?: string
  /** Connections at once. @defaultValue 5 */
  readonly connections?: number
  /** Milliseconds for connecting, the greeting, and each silence. @defaultValue 10_000 */
  readonly timeoutMs?: number
}
